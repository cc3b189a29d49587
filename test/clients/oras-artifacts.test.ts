/** What people do with oras: push files as artifacts, attach others to them, discover and pull both. */
import { randomBytes } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { served } from './support/content.js';
import { setUp } from './support/suite.js';

interface Discovered {
  referrers: Array<{ artifactType: string; digest: string; referrers?: Discovered['referrers'] }>;
}

const world = setUp(['oras'], async ({ home, host, token, run }) => {
  const work = `${home}/work`;
  await mkdir(work);
  const files = { 'model.bin': randomBytes(12_000_000), 'sbom.json': Buffer.from('{"packages":[]}') };
  for (const [name, bytes] of Object.entries(files)) await writeFile(`${work}/${name}`, bytes);
  const oras = async (args: string[], input = '') => (await run('oras', args, { cwd: work, input })).stdout;
  await oras(['login', '--plain-http', '--username', 'pusher', '--password-stdin', host], token);
  const model = `${host}/acme/model:1`;
  const push = ['push', '--plain-http', '--format', 'json', '--artifact-type', 'application/example.model', model];
  const pushed = JSON.parse(await oras([...push, 'model.bin:application/example.weights']));
  const pull = async (name: string) => {
    const folder = `${home}/pulled/${name.replace(/.*@sha256:/, '')}`;
    await oras(['pull', '--plain-http', '--output', folder, name]);
    return (file: string) => readFile(`${folder}/${file}`);
  };
  const discover = async (name: string, ...more: string[]) =>
    JSON.parse(await oras(['discover', '--plain-http', '--format', 'json', ...more, name])) as Discovered;
  return { oras, model, files, pull, discover, digest: pushed.digest as string };
});

test('pushes a file under a type of its own and pulls the same bytes', async () => {
  const { oras, model, digest, files, pull, pusher } = world();
  const manifest = JSON.parse(await oras(['manifest', 'fetch', '--plain-http', model]));
  expect(manifest).toMatchObject({
    artifactType: 'application/example.model',
    layers: [{ mediaType: 'application/example.weights', size: files['model.bin'].length }],
  });
  expect((await served(pusher, 'acme/model', '1')).digest).toBe(digest);
  expect(files['model.bin'].equals(await (await pull(model))('model.bin'))).toBe(true);
});

test('attaches an artifact to the artifact, and one to that; both are found and pulled', async () => {
  const { oras, host, model, files, pull, discover } = world();
  const attach = async (to: string, type: string) => {
    const options = ['attach', '--plain-http', '--format', 'json', '--artifact-type', type, to];
    return JSON.parse(await oras([...options, 'sbom.json:application/json'])).digest as string;
  };
  const sbom = await attach(model, 'application/example.sbom');
  const signature = await attach(`${host}/acme/model@${sbom}`, 'application/example.signature');

  const { referrers } = await discover(model);
  expect(referrers).toMatchObject([
    {
      artifactType: 'application/example.sbom',
      digest: sbom,
      referrers: [{ artifactType: 'application/example.signature', digest: signature }],
    },
  ]);
  expect(await (await pull(`${host}/acme/model@${sbom}`))('sbom.json')).toEqual(files['sbom.json']);
  const none = await discover(model, '--artifact-type', 'application/example.nothing');
  expect(none.referrers).toEqual([]);
});

test('copies an artifact with all that refers to it', async () => {
  const { oras, host, model, discover } = world();
  const copy = `${host}/acme/mirror:1`;
  await oras(['copy', '--recursive', '--from-plain-http', '--to-plain-http', model, copy]);
  const digests = ({ referrers }: Discovered): unknown =>
    referrers.map((one) => [one.digest, digests(one as Discovered)]);
  const copied = digests(await discover(copy));
  expect(copied).toEqual(digests(await discover(model)));
  expect(copied).not.toEqual([]);
});

test('deletes an artifact that refers to another, and it is not listed any more', async () => {
  const { oras, host, discover } = world();
  const name = `${host}/acme/mirror:1`;
  const [referrer] = (await discover(name)).referrers;
  await oras(['manifest', 'delete', '--plain-http', '--force', `${host}/acme/mirror@${referrer?.digest}`]);
  expect((await discover(name)).referrers).toEqual([]);
});
