// What deleting a version frees, case by case: what it shares, with whom, and what goes with it.
import { afterEach, expect, it } from 'vitest';
import { createPrisma } from '#database';
import type { FreedWithin } from '#registry';
import { freedBytes } from '../../libs/database/src/freed-bytes.js';
import { type Document, descriptor, E, encode, image, index, sha256 } from '../support/client.js';
import { openRegistry, type TestRegistry } from './registry.js';

const A = Buffer.alloc(1000, 'a');
const B = Buffer.alloc(200, 'b');
const NAME = 'acme/app';

let registry: TestRegistry;

afterEach(async () => {
  await registry.close();
});

const sizeOf = (...documents: Document[]) => documents.reduce((bytes, document) => bytes + encode(document).length, 0);
const about = (subject: Document, layers: Buffer[] = []) =>
  image(layers, { subject: descriptor(subject.mediaType, encode(subject)) });
const numbered = (i: number, layers: Buffer[]) => image(layers, { annotations: { number: String(i) } });

async function push(name: string, ...documents: Array<[Document, string[]?]>): Promise<void> {
  for (const blob of [E, A, B]) await registry.up(name, blob);
  for (const [document, tags] of documents) expect(await registry.put(name, document, tags)).toBeUndefined();
}

async function freed(documents: Document[], within: FreedWithin = 'instance', name = NAME, untaggedAfter?: number) {
  const database = createPrisma(registry.url, { poolSize: 1 });
  try {
    const packageId = await registry.idOf(name);
    const rows = await registry.sql<{ id: number }>(
      'SELECT id FROM manifests WHERE package_id = $1 AND digest = ANY($2)',
      [packageId, documents.map((document) => sha256(encode(document)))],
    );
    const ids = rows.map(({ id }) => id);
    return await database.$transaction((tx) => freedBytes(tx, packageId, ids, within, untaggedAfter));
  } finally {
    await database.$disconnect();
  }
}

it('counts what another version of the package uses as shared, until both go', async () => {
  registry = await openRegistry();
  const [one, two] = [numbered(1, [A, B]), numbered(2, [A])];
  await push(NAME, [one, ['x']], [two, ['y']]);
  expect(await freed([one])).toEqual({ exclusive: B.length + sizeOf(one), shared: E.length + A.length });
  expect(await freed([one, two])).toEqual({
    exclusive: E.length + A.length + B.length + sizeOf(one, two),
    shared: 0,
  });
  expect(await freed([])).toEqual({ exclusive: 0, shared: 0 });
});

it('lets restorable versions hold their bytes, and those no longer whose time is over', async () => {
  registry = await openRegistry();
  const [one, two] = [numbered(1, [A]), numbered(2, [A])];
  await push(NAME, [one, ['x']], [two]);
  const hide = (until: string) =>
    registry.sql(`UPDATE manifests SET deleted_at = now(), purge_at = now() + $1::interval WHERE digest = $2`, [
      until,
      sha256(encode(two)),
    ]);
  await hide('1 day');
  expect(await freed([one])).toEqual({ exclusive: sizeOf(one), shared: E.length + A.length });
  expect((await freed([two])).exclusive, 'and are asked for like others').toBe(sizeOf(two));
  await hide('-1 second');
  expect(await freed([one])).toEqual({ exclusive: E.length + A.length + sizeOf(one), shared: 0 });
});

it('takes children along that nothing else holds, where untagged ones go at all', async () => {
  registry = await openRegistry();
  const [alone, tagged, elsewhere] = [numbered(1, [A]), numbered(2, [A]), numbered(3, [B])];
  const [top, other] = [index([alone, tagged, elsewhere]), index([elsewhere])];
  await push(NAME, [alone], [tagged, ['t']], [elsewhere], [top, ['x']], [other, ['y']]);
  const all = E.length + A.length + B.length + sizeOf(alone, tagged, elsewhere, top);
  expect(await freed([top], 'instance', NAME, 0)).toEqual({
    exclusive: sizeOf(top, alone),
    shared: all - sizeOf(top, alone),
  });
  expect(await freed([top]), 'the rule says never').toEqual({ exclusive: sizeOf(top), shared: all - sizeOf(top) });
  expect((await freed([alone], 'instance', NAME, 0)).exclusive, 'an index needs it').toBe(0);
  expect((await freed([alone, top], 'instance', NAME, 0)).exclusive).toBe(sizeOf(top, alone));
  const nested = index([top, other]);
  await push(NAME, [nested]);
  await registry.removeTag(NAME, 'x');
  await registry.removeTag(NAME, 'y');
  const goes = sizeOf(nested, top, other, alone, elsewhere) + B.length;
  expect((await freed([nested], 'instance', NAME, 0)).exclusive).toBe(goes);
});

it('takes referrers along, and theirs, but none that has a tag', async () => {
  registry = await openRegistry();
  const one = numbered(1, []);
  const [sbom, tagged] = [about(one, [A]), about(one, [B])];
  const signature = about(sbom);
  await push(NAME, [one, ['x']], [sbom], [signature], [tagged, ['t']]);
  expect(await freed([one])).toEqual({ exclusive: sizeOf(one, sbom, signature) + A.length, shared: E.length });
  expect(await freed([sbom]), 'never its subject').toEqual({
    exclusive: sizeOf(sbom, signature) + A.length,
    shared: E.length,
  });
});

it('looks no further than its reader may', async () => {
  registry = await openRegistry();
  const one = numbered(1, [A, B]);
  await push(NAME, [one, ['x']]);
  await push('acme/other', [numbered(2, [A])]);
  await push('rival/app', [numbered(3, [B])]);
  const all = E.length + A.length + B.length + sizeOf(one);
  expect(await freed([one], 'package')).toEqual({ exclusive: all, shared: 0 });
  expect(await freed([one], 'namespace')).toEqual({ exclusive: B.length + sizeOf(one), shared: E.length + A.length });
  expect(await freed([one], 'instance')).toEqual({ exclusive: sizeOf(one), shared: E.length + A.length + B.length });
});

it('does not tell one tenant what another pushes or deletes', async () => {
  registry = await openRegistry();
  const one = numbered(1, [A]);
  await push(NAME, [one, ['x']]);
  const look = async () => [await freed([one], 'package'), await freed([one], 'namespace')];
  const alone = await look();
  await push('rival/app', [one], [numbered(2, [A, B])]);
  expect(await look()).toEqual(alone);
  await registry.removeManifest('rival/app', sha256(encode(one)));
  expect(await look()).toEqual(alone);
  await registry.sql(`UPDATE packages SET deleted_at = now(), purge_at = now(), deleted_name = 'gone'
    WHERE id = ${await registry.idOf('rival/app')}`);
  await registry.collect();
  expect(await look()).toEqual(alone);
});

it('counts nothing for a blob whose object was lost, and blobs that an index holds as a build cache does', async () => {
  registry = await openRegistry();
  const layer = (bytes: Buffer) => descriptor('application/vnd.oci.image.layer.v1.tar+gzip', bytes);
  const cache = {
    ...index([]),
    manifests: [layer(A), layer(B), descriptor('application/vnd.buildkit.cacheconfig.v0', E)],
  } as Document;
  await push(NAME, [cache, ['cache']], [numbered(1, [B]), ['x']]);
  expect(await freed([cache])).toEqual({ exclusive: A.length + sizeOf(cache), shared: E.length + B.length });
  await registry.sql('UPDATE blobs SET missing_since = now() WHERE digest = $1', [sha256(A)]);
  expect(await freed([cache])).toEqual({ exclusive: sizeOf(cache), shared: E.length + B.length });
});

it('knows a child that came after its index, and so does collection', async () => {
  registry = await openRegistry({ untaggedAfter: 0 });
  const child = numbered(1, [A]);
  const top = index([child]);
  await registry.sql('UPDATE packages SET allow_sparse = true WHERE id = $1', [await registry.idOf(NAME)]);
  await push(NAME, [top, ['x']], [child]);
  await registry.collect();
  expect((await freed([child], 'instance', NAME, 0)).exclusive, 'the index needs it').toBe(0);
  const { exclusive } = await freed([top], 'instance', NAME, 0);
  expect(exclusive).toBe(E.length + A.length + sizeOf(top, child));
  await registry.removeManifest(NAME, sha256(encode(top)));
  await registry.collect();
  expect(await registry.has(NAME, child)).toBe(false);
  expect(await registry.keys()).toEqual([]);
});
