/** What a Kubernetes node does: containerd pulls with the user and password of an imagePullSecret. */
import { mkdir } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { startContainerd } from './support/containerd.js';
import { served, stored } from './support/content.js';
import { pushLayout, writeIndex } from './support/image.js';
import { setUp } from './support/suite.js';

const world = setUp(['containerd', 'ctr'], async (world) => {
  await writeIndex(`${world.home}/image`);
  await pushLayout(world.pusher, `${world.home}/image`, 'acme/app', '1');
  const ctr = await startContainerd(world);
  const image = (verb: 'pull' | 'push', name: string, { token = world.token, options = [] as string[] } = {}) =>
    ctr('image', verb, '--plain-http', '--user', `pusher:${token}`, ...options, `${world.host}/${name}`);
  /** What containerd holds, as an image layout. */
  const saved = async (name: string) => {
    const folder = `${world.home}/saved`;
    await mkdir(folder, { recursive: true });
    await ctr('image', 'export', '--all-platforms', `${folder}.tar`, `${world.host}/${name}`);
    await world.run('tar', ['-C', folder, '-xf', `${folder}.tar`]);
    return stored(folder);
  };
  return { ctr, image, saved };
});

test('pulls all platforms of an image, the bytes that were pushed', async () => {
  const { home, image, saved } = world();
  await image('pull', 'acme/app:1', { options: ['--all-platforms'] });
  expect(await saved('acme/app:1')).toEqual(await stored(`${home}/image`));
});

test('pulls by digest', async () => {
  const { ctr, home, host, image } = world();
  const { digest } = await stored(`${home}/image`);
  await image('pull', `acme/app@${digest}`);
  expect(await ctr('image', 'ls', `name==${host}/acme/app@${digest}`)).toContain(digest);
});

test('pushes an image to a repository that is new', async () => {
  const { ctr, home, host, image, pusher } = world();
  await ctr('image', 'tag', `${host}/acme/app:1`, `${host}/acme/mirror:1`);
  await image('push', 'acme/mirror:1');
  expect(await served(pusher, 'acme/mirror', '1')).toEqual(await stored(`${home}/image`));
});

test('is refused with a wrong password', async () => {
  const { image } = world();
  await expect(image('pull', 'acme/app:1', { token: 'wrong' })).rejects.toThrow(/401 Unauthorized/);
});

test('does not find what is not there', async () => {
  const { image } = world();
  await expect(image('pull', 'acme/app:2')).rejects.toThrow(/not found/);
});
