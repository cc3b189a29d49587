/** What people do with podman: log in, build, push, pull. */
import { mkdir, mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { served } from './support/content.js';
import { removeFolder } from './support/daemon.js';
import { pushLayout, writeBusybox, writeImage } from './support/image.js';
import { setUp } from './support/suite.js';

interface Inspected {
  Id: string;
  Digest: string;
  RootFS: { Layers: string[] };
}

const world = setUp(['podman', 'runc', 'busybox'], async ({ home, pusher, run, after }) => {
  await writeImage(`${home}/base`, [await writeBusybox(`${home}/busybox`)]);
  await pushLayout(pusher, `${home}/base`, 'acme/base', '1');
  await mkdir(`${home}/.config/containers`, { recursive: true });
  await writeFile(`${home}/.config/containers/policy.json`, '{"default":[{"type":"insecureAcceptAnything"}]}');
  const folder = `${home}/podman`;
  // podman refuses one whose path is longer than 50 characters.
  const runRoot = await mkdtemp('/run/podman-');
  after(() => removeFolder(runRoot));
  const options = ['--root', `${folder}/root`, '--runroot', runRoot, '--tmpdir', `${folder}/tmp`];
  const podman = async (args: string[], input = '') => {
    const global = [...options, '--storage-driver', 'vfs', '--cgroup-manager', 'cgroupfs', '--events-backend', 'none'];
    return (await run('podman', [...global, ...args], { input })).stdout.trim();
  };
  const inspect = async (name: string) => JSON.parse(await podman(['image', 'inspect', name]))[0] as Inspected;
  return { podman, inspect };
});

test('logs in with a token, and with nothing else', async () => {
  const { podman, host, token } = world();
  const login = (password: string) =>
    podman(['login', '--tls-verify=false', '--username', 'pusher', '--password-stdin', host], password);
  await expect(login('not-a-token')).rejects.toThrow(/invalid username\/password/);
  expect(await login(token)).toContain('Login Succeeded');
});

test('builds on a base that Berth serves and pushes; pulls the same image again', async () => {
  const { podman, inspect, home, host, pusher } = world();
  const name = `${host}/acme/app:1`;
  const dockerfile = `FROM ${host}/acme/base:1\nRUN head -c 3000000 /dev/urandom > /data && sha256sum /data > /sum\n`;
  const isolation = ['--isolation', 'chroot', '--network', 'host', '--tls-verify=false'];
  await podman(['build', ...isolation, '--tag', name, '-'], dockerfile);
  const built = await inspect(name);
  await podman(['push', '--tls-verify=false', '--digestfile', `${home}/digest`, name]);
  const pushed = await served(pusher, 'acme/app', '1');
  expect(await readFile(`${home}/digest`, 'utf8')).toBe(pushed.digest);

  await podman(['rmi', '--all', '--force']);
  expect(await podman(['images', '--quiet'])).toBe('');
  await podman(['pull', '--tls-verify=false', name]);
  const pulled = await inspect(name);
  expect(pulled.Digest).toBe(pushed.digest);
  expect(pulled.Id).toBe(built.Id);
  expect(pulled.RootFS.Layers).toEqual(built.RootFS.Layers);

  await podman(['rmi', '--all', '--force']);
  await podman(['pull', '--tls-verify=false', `${host}/acme/app@${pushed.digest}`]);
  expect((await inspect(pulled.Id)).Digest).toBe(pushed.digest);
});

test('pushes a list of images for two platforms', async () => {
  const { podman, host, pusher } = world();
  const list = `${host}/acme/multi:1`;
  await podman(['manifest', 'create', list]);
  for (const platform of ['amd64', 'arm64']) {
    const dockerfile = `FROM scratch\nLABEL made-for=${platform}\n`;
    await podman(['build', '--platform', `linux/${platform}`, '--manifest', list, '-'], dockerfile);
  }
  await podman(['manifest', 'push', '--all', '--tls-verify=false', list, `docker://${list}`]);
  // The list, two manifests, two configs, and the empty layer that both have.
  expect(Object.keys((await served(pusher, 'acme/multi', '1')).sizes).length).toBeGreaterThanOrEqual(5);
});
