import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { run } from './command.js';
import { startDaemon } from './daemon.js';
import { writeBusybox } from './image.js';
import type { Home } from './suite.js';

const ROOT = resolve(import.meta.dirname, '../../..');

export type Docker = (args: string[], input?: string) => Promise<string>;

/** A Docker Engine of the test's own, which leaves the machine's network and another engine's containers alone. */
export async function startDocker({ home, after, run }: Home): Promise<Docker> {
  const folder = `${home}/engine`;
  await mkdir(folder);
  const env = { DOCKER_HOST: `unix://${folder}/docker.sock`, DOCKER_CLI_EXPERIMENTAL: 'enabled', DOCKER_BUILDKIT: '0' };
  const docker: Docker = async (args, input = '') => {
    const { stdout, stderr } = await run('docker', args, { env, input, timeout: 900_000 });
    return stdout + stderr;
  };
  const stop = await startDaemon(
    folder,
    'dockerd',
    [
      ...['--host', env.DOCKER_HOST, '--pidfile', `${folder}/pid`],
      ...['--data-root', `${folder}/data`, '--exec-root', `${folder}/exec`],
      ...['--containerd-namespace', 'berth-test', '--containerd-plugins-namespace', 'berth-test-plugins'],
      '--bridge=none',
      '--iptables=false',
    ],
    () => docker(['version']),
  );
  after(stop);
  return docker;
}

/** Makes an image of busybox, by the way that needs no registry. */
export async function importBusybox(docker: Docker, folder: string, name: string): Promise<void> {
  const root = await writeBusybox(folder);
  await run('tar', ['-C', root, '-cf', `${folder}.tar`, '.']);
  await docker(['import', `${folder}.tar`, name]);
}

/** An engine whose containers have networks and publish ports: that of .ci/with-docker, which goes with this process. */
export async function startNetworkedDocker({ after, run }: Home): Promise<{ docker: Docker; address: string }> {
  const child = spawn(`${ROOT}/.ci/with-docker`, ['sh', '-c', 'echo "$DOCKER_HOST"; exec cat'], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const exited = once(child, 'exit');
  after(async () => {
    child.stdin.end();
    await exited;
  });
  const lines = createInterface({ input: child.stdout });
  const ended = exited.then(() => Promise.reject(new Error('.ci/with-docker started no Docker Engine')));
  const [address] = (await Promise.race([once(lines, 'line'), ended])) as [string];
  const env = { DOCKER_HOST: address, DOCKER_BUILDKIT: '1' };
  const docker: Docker = async (args, input = '') => {
    const { stdout, stderr } = await run('docker', args, { env, input, timeout: 900_000 });
    return stdout + stderr;
  };
  return { docker, address };
}

/** Puts the base images into an engine that cannot pull them, and builds Berth's image on them. */
export async function buildImage(docker: Docker, address: string, tag: string): Promise<void> {
  // With the environment as it is: what was made before stays in the cache of this machine's user.
  await run(`${ROOT}/.ci/make-images`, ['--load'], { env: { DOCKER_HOST: address }, timeout: 1_200_000 });
  // How packages are got here, where that is not npm's own way.
  const secrets = Object.entries({
    npmrc: process.env.npm_config_userconfig ?? join(homedir(), '.npmrc'),
    ca: process.env.NODE_EXTRA_CA_CERTS ?? '',
  }).flatMap(([id, source]) => (existsSync(source) ? ['--secret', `id=${id},src=${source}`] : []));
  const bases = ['BUILD_BASE', 'RUNTIME_BASE'].flatMap((name) => ['--build-arg', `${name}=berth-base/node`]);
  await docker(['build', '--network', 'host', ...bases, ...secrets, '--tag', tag, ROOT]);
}
