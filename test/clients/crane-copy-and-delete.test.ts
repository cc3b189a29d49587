/** What people do with crane: push and pull layouts, copy between repositories, look at digests and tags, delete. */
import { expect, test } from 'vitest';
import { served, stored } from './support/content.js';
import { writeImage, writeIndex } from './support/image.js';
import { setUp } from './support/suite.js';

const world = setUp(['crane'], async ({ home, host, token, run }) => {
  await writeImage(`${home}/image`);
  await writeIndex(`${home}/index`);
  const crane = (...args: string[]) => run('crane', args);
  await run('crane', ['auth', 'login', host, '--username', 'pusher', '--password-stdin'], { input: token });
  await crane('push', `${home}/image`, `${host}/acme/app:1`);
  await crane('push', '--index', `${home}/index`, `${host}/acme/multi:1`);
  return { crane, image: await stored(`${home}/image`), index: await stored(`${home}/index`) };
});

test('pushes an image and an index as they are', async () => {
  const { crane, host, image, index, pusher } = world();
  expect(await served(pusher, 'acme/app', '1')).toEqual(image);
  // crane wraps a layout's root, which is an index of one entry, in itself.
  const wrapper = await served(pusher, 'acme/multi', '1');
  expect(Object.keys(wrapper.sizes)).toEqual(expect.arrayContaining(Object.keys(index.sizes)));
  await crane('validate', '--remote', `${host}/acme/app:1`);
  await crane('validate', '--remote', `${host}/acme/multi@${index.digest}`);
});

test.for([
  { what: 'an image', name: 'acme/app:1', layout: 'image' as const },
  { what: 'an index', name: 'acme/multi@DIGEST', layout: 'index' as const },
])('pulls $what, the bytes that were pushed', async ({ name, layout }) => {
  const { crane, home, host, [layout]: pushed } = world();
  const folder = `${home}/pulled-${layout}`;
  await crane('pull', '--format', 'oci', `${host}/${name.replace('DIGEST', pushed.digest)}`, folder);
  expect(await stored(folder)).toEqual(pushed);
});

test('tells the digest of a tag', async () => {
  const { crane, host, image } = world();
  expect((await crane('digest', `${host}/acme/app:1`)).stdout.trim()).toBe(image.digest);
});

test('copies to another repository by mounting blobs, without sending them', async () => {
  const { crane, host, image, pusher } = world();
  const { stderr } = await crane('copy', `${host}/acme/app:1`, `${host}/acme/mounted:1`);
  expect(stderr.match(/mounted blob/g)).toHaveLength(Object.keys(image.sizes).length - 1);
  expect(stderr).not.toContain('pushed blob');
  expect(await served(pusher, 'acme/mounted', '1')).toEqual(image);
});

test('copies every tag of a repository', async () => {
  const { crane, host, pusher } = world();
  for (const tag of ['a', 'b']) await crane('tag', `${host}/acme/app:1`, tag);
  await crane('copy', '--all-tags', `${host}/acme/app`, `${host}/acme/all`);
  expect((await crane('ls', `${host}/acme/all`)).stdout).toBe('1\na\nb\n');
  expect(await served(pusher, 'acme/all', 'b')).toEqual(await served(pusher, 'acme/app', 'b'));
});

test('deletes a tag and leaves the image, then the image', async () => {
  const { crane, host, image } = world();
  const repository = `${host}/acme/gone`;
  await crane('copy', `${host}/acme/app:1`, `${repository}:1`);
  await crane('tag', `${repository}:1`, '2');
  await crane('delete', `${repository}:1`);
  expect((await crane('ls', repository)).stdout).toBe('2\n');
  await expect(crane('manifest', `${repository}:1`)).rejects.toThrow(/MANIFEST_UNKNOWN/);
  await crane('manifest', `${repository}@${image.digest}`);

  await crane('delete', `${repository}@${image.digest}`);
  await expect(crane('manifest', `${repository}@${image.digest}`)).rejects.toThrow(/MANIFEST_UNKNOWN/);
  await expect(crane('manifest', `${repository}:2`)).rejects.toThrow(/MANIFEST_UNKNOWN/);
});
