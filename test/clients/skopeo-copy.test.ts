/** What people do with skopeo: copy images to, from and between repositories without an engine. */
import { expect, test } from 'vitest';
import { served, stored } from './support/content.js';
import { writeImage, writeIndex } from './support/image.js';
import { setUp } from './support/suite.js';

const world = setUp(['skopeo'], async ({ home, host, token, run }) => {
  await writeImage(`${home}/image`);
  await writeIndex(`${home}/index`);
  const skopeo = async (args: string[], input = '') =>
    (await run('skopeo', ['--insecure-policy', ...args], { input })).stdout.trim();
  const login = ['login', '--tls-verify=false', '--username', 'pusher', '--password-stdin', host];
  await skopeo(login, token);
  const copy = (...args: string[]) => skopeo(['copy', '--src-tls-verify=false', '--dest-tls-verify=false', ...args]);
  return { skopeo, copy, docker: (name: string) => `docker://${host}/${name}` };
});

test('copies an image to Berth and back', async () => {
  const { copy, docker, home, pusher } = world();
  const image = await stored(`${home}/image`);
  await copy(`oci:${home}/image`, docker('acme/app:1'));
  expect(await served(pusher, 'acme/app', '1')).toEqual(image);
  await copy(docker('acme/app:1'), `oci:${home}/back:1`);
  expect(await stored(`${home}/back`)).toEqual(image);
});

test('copies an index with all its images, between repositories too', async () => {
  const { copy, docker, home, pusher } = world();
  const index = await stored(`${home}/index`);
  await copy('--all', `oci:${home}/index`, docker('acme/multi:1'));
  expect(await served(pusher, 'acme/multi', '1')).toEqual(index);
  await copy('--all', docker('acme/multi:1'), docker('acme/mirror/multi:1'));
  expect(await served(pusher, 'acme/mirror/multi', '1')).toEqual(index);
  await copy('--all', docker('acme/mirror/multi:1'), `oci:${home}/multi:1`);
  expect(await stored(`${home}/multi`)).toEqual(index);
});

test('converts an image to the Docker form', async () => {
  const { copy, skopeo, docker, home, pusher } = world();
  await copy('--format', 'v2s2', `oci:${home}/image`, docker('acme/docker:1'));
  const { digest } = await served(pusher, 'acme/docker', '1');
  const inspect = ['inspect', '--tls-verify=false'];
  expect(JSON.parse(await skopeo([...inspect, docker('acme/docker:1')]))).toMatchObject({ Digest: digest });
  expect(JSON.parse(await skopeo([...inspect, '--raw', docker('acme/docker:1')]))).toMatchObject({
    mediaType: 'application/vnd.docker.distribution.manifest.v2+json',
  });
});

test('lists tags and deletes an image', async () => {
  const { copy, skopeo, docker, home } = world();
  for (const tag of ['1', '2']) await copy(`oci:${home}/image`, docker(`acme/many:${tag}`));
  await copy('--all', `oci:${home}/index`, docker('acme/many:other'));
  const tags = async () => JSON.parse(await skopeo(['list-tags', '--tls-verify=false', docker('acme/many')])).Tags;
  expect(await tags()).toEqual(['1', '2', 'other']);
  // skopeo deletes by digest, and with it every tag of the image.
  await skopeo(['delete', '--tls-verify=false', docker('acme/many:1')]);
  expect(await tags()).toEqual(['other']);
});

test('is told when it has no right to push', async () => {
  const { copy, docker, home, berth } = world();
  const stranger = ['--dest-creds', `admin:${berth.adminToken}x`];
  await expect(copy(...stranger, `oci:${home}/image`, docker('acme/app:2'))).rejects.toThrow(
    /invalid username\/password/,
  );
  await expect(copy(`oci:${home}/image`, docker('other/app:1'))).rejects.toThrow(/denied|unauthorized/);
});
