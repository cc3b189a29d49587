import { mkdir } from 'node:fs/promises';
import { run } from './command.js';
import { startDaemon } from './daemon.js';
import { writeBusybox } from './image.js';
import type { World } from './suite.js';

export type Docker = (args: string[], input?: string) => Promise<string>;

/** A Docker Engine of the test's own, which leaves the machine's network and another engine's containers alone. */
export async function startDocker({ home, after, run }: World): Promise<Docker> {
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
