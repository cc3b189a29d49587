// The object store compared with the database, both ways.
import { randomBytes } from 'node:crypto';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { E, image, sha256 } from '../support/client.js';
import { openRegistry, type TestRegistry } from './registry.js';

const NAME = 'acme/app';
const LAYERS = Array.from({ length: 3 }, (_, i) => Buffer.from(`layer ${i}`));

let registry: TestRegistry;

beforeEach(async () => {
  registry = await openRegistry();
  for (const blob of [E, ...LAYERS]) await registry.up(NAME, blob);
  expect(await registry.put(NAME, image(LAYERS), ['x'])).toBeUndefined();
});

afterEach(async () => {
  await registry.close();
});

const keyOf = async (blob: Uint8Array) =>
  (await registry.sql<{ key: string }>('SELECT object_key AS key FROM blobs WHERE digest = $1', [sha256(blob)]))[0]
    ?.key ?? '';

it('finds nothing where all is well', async () => {
  expect(await registry.reconcile()).toEqual({ objects: 4, unknown: 0, missing: 0 });
});

it('queues objects that nobody knows, and deletes them later if still nobody does', async () => {
  const [stray, back] = [randomBytes(20).toString('hex'), randomBytes(20).toString('hex')];
  for (const key of [stray, back]) await registry.objects.put(key, [Buffer.from('stray')]);
  expect(await registry.reconcile()).toEqual({ objects: 6, unknown: 2, missing: 0 });
  expect(await registry.reconcile(), 'known now').toEqual({ objects: 6, unknown: 0, missing: 0 });
  await registry.collect();
  expect(await registry.keys(), 'not before a day has passed').toContain(stray);
  // A restored backup knows one of them.
  await registry.sql("INSERT INTO blobs (digest, size, object_key) VALUES ('sha256:back', 5, $1)", [back]);
  await registry.sql('UPDATE object_deletions SET not_before = now() WHERE object_key = $1', [stray]);
  await registry.collect();
  expect(await registry.keys()).not.toContain(stray);
  expect(await registry.keys()).toContain(back);
});

it('marks blobs missing whose object is gone or of another size, and the next push heals them', async () => {
  const [gone, cut] = [LAYERS[0] as Buffer, LAYERS[1] as Buffer];
  await registry.objects.delete([await keyOf(gone)]);
  await registry.objects.put(await keyOf(cut), [Buffer.from('cut')]);
  expect(await registry.reconcile()).toEqual({ objects: 3, unknown: 0, missing: 2 });
  for (const blob of [gone, cut]) expect(await registry.head(NAME, sha256(blob))).toBe(false);
  expect(await registry.head(NAME, sha256(LAYERS[2] as Buffer))).toBe(true);
  for (const blob of [gone, cut]) await registry.up(NAME, blob);
  expect(await registry.holesOf(NAME, image(LAYERS))).toEqual([]);
  await registry.collect();
  expect(await registry.reconcile()).toEqual({ objects: 4, unknown: 0, missing: 0 });
});

it('goes on where a walk was broken off', async () => {
  const keys = await registry.keys();
  await registry.sql('INSERT INTO reconcile (after) VALUES ($1)', [keys[1]]);
  expect(await registry.reconcile()).toEqual({ objects: 2, unknown: 0, missing: 0 });
});
