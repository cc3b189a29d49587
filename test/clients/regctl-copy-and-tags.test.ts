/** What people do with regctl: copy images with what refers to them, and work on tags. */
import { expect, test } from 'vitest';
import { served, stored } from './support/content.js';
import { writeImage, writeIndex } from './support/image.js';
import { setUp } from './support/suite.js';

const world = setUp(['regctl'], async ({ home, host, token, run }) => {
  await writeImage(`${home}/image`);
  await writeIndex(`${home}/index`);
  const regctl = async (args: string[], input = '') => (await run('regctl', args, { input })).stdout;
  await regctl(['registry', 'set', '--tls', 'disabled', '--skip-check', host]);
  await regctl(['registry', 'login', '--user', 'pusher', '--pass-stdin', host], token);
  const push = async (layout: string, name: string) => {
    const { digest } = await stored(layout);
    await regctl(['image', 'copy', `ocidir://${layout}@${digest}`, `${host}/${name}`]);
  };
  await push(`${home}/index`, 'acme/multi:1');
  return { regctl, push };
});

test('copies an index to Berth and back', async () => {
  const { regctl, home, host, pusher } = world();
  const index = await stored(`${home}/index`);
  expect(await served(pusher, 'acme/multi', '1')).toEqual(index);
  await regctl(['image', 'copy', `${host}/acme/multi:1`, `ocidir://${home}/back:1`]);
  expect(await stored(`${home}/back`)).toEqual(index);
  expect((await regctl(['image', 'digest', `${host}/acme/multi:1`])).trim()).toBe(index.digest);
});

test('attaches artifacts, lists them by type and copies them with the image', async () => {
  const { regctl, host, pusher } = world();
  const image = `${host}/acme/multi:1`;
  const put = (type: string, content: string) =>
    regctl(['artifact', 'put', '--subject', image, '--artifact-type', type], content);
  await put('application/example.sbom', 'what is inside');
  await put('application/example.signature', 'who made it');

  const list = async (name: string, ...filter: string[]) => {
    const format = ['--format', '{{range .Descriptors}}{{.ArtifactType}} {{.Digest}}{{println}}{{end}}'];
    return (await regctl(['artifact', 'list', ...format, ...filter, `${host}/${name}`])).trim().split('\n').sort();
  };
  const all = await list('acme/multi:1');
  expect(all.map((line) => line.split(' ')[0])).toEqual(['application/example.sbom', 'application/example.signature']);
  expect(await list('acme/multi:1', '--filter-artifact-type', 'application/example.sbom')).toEqual(all.slice(0, 1));
  const artifact = all[0]?.split(' ')[1] ?? '';
  expect(await regctl(['artifact', 'get', `${host}/acme/multi@${artifact}`])).toBe('what is inside');

  await regctl(['image', 'copy', '--referrers', image, `${host}/acme/mirror:1`]);
  expect(await list('acme/mirror:1')).toEqual(all);
  expect(await served(pusher, 'acme/mirror', artifact)).toEqual(await served(pusher, 'acme/multi', artifact));
});

test('deletes one tag and leaves its image to the others', async () => {
  const { regctl, push, home, host, pusher } = world();
  for (const tag of ['1', '2', '3']) await push(`${home}/image`, `acme/many:${tag}`);
  const tags = () => regctl(['tag', 'ls', `${host}/acme/many`]);
  expect(await tags()).toBe('1\n2\n3\n');
  await regctl(['tag', 'delete', `${host}/acme/many:2`]);
  expect(await tags()).toBe('1\n3\n');
  expect(await served(pusher, 'acme/many', '1')).toEqual(await stored(`${home}/image`));
});
