// Objects hashed anew: what is found, and that several workers share the work.
import { randomBytes } from 'node:crypto';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { ObjectStore } from '#registry';
import { E, image, sha256 } from '../support/client.js';
import { openRegistry, type TestRegistry } from './registry.js';

const NAME = 'acme/app';
const FAST = 2 ** 40;
const MIB = 2 ** 20;
const LAYERS = Array.from({ length: 4 }, () => randomBytes(5000));

let registry: TestRegistry;

beforeEach(async () => {
  registry = await openRegistry();
  for (const blob of [E, ...LAYERS]) await registry.up(NAME, blob);
  expect(await registry.put(NAME, image(LAYERS), ['x'])).toBeUndefined();
  await registry.setScrub('on', FAST);
});

afterEach(async () => {
  await registry.close();
});

const keyOf = async (blob: Uint8Array) =>
  (await registry.sql<{ key: string }>('SELECT object_key AS key FROM blobs WHERE digest = $1', [sha256(blob)]))[0]
    ?.key ?? '';
const lastPass = async () => (await registry.scrubControl.passes({ limit: 1, after: undefined })).items[0];
const missing = async () => (await registry.scrubControl.missing({ limit: 100, after: undefined })).items;

/** A store that tells what is read from it. */
function observed(onRead: (key: string, start: number) => void): ObjectStore {
  return Object.create(registry.objects, {
    read: {
      value: (...[key, range]: Parameters<ObjectStore['read']>) => {
        onRead(key, range?.start ?? 0);
        return registry.objects.read(key, range);
      },
    },
  }) as ObjectStore;
}

it('finds nothing where all is well, and hashes every byte once', async () => {
  await registry.up(NAME, Buffer.alloc(0));
  await registry.scrub();
  const bytes = E.length + LAYERS.length * 5000;
  expect(await lastPass()).toMatchObject({ blobs: 6, bytes, damaged: 0, healed: 0, requestedBy: 'tester' });
  expect((await lastPass())?.finishedAt).toBeInstanceOf(Date);
  expect(await missing()).toEqual([]);
});

it('takes damaged objects out of service, keeps their bytes, and the next push of the digest brings its own', async () => {
  const [rotten, cut, gone] = LAYERS as [Buffer, Buffer, Buffer];
  const bad = Buffer.from(rotten);
  bad[4321] = (bad[4321] ?? 0) ^ 1;
  const badKey = await keyOf(rotten);
  await registry.objects.put(badKey, [bad]);
  await registry.objects.put(await keyOf(cut), [cut.subarray(0, 100)]);
  await registry.objects.delete([await keyOf(gone)]);
  const found = await registry.scrub();
  expect(found.reduce((sum, { damaged }) => sum + damaged, 0)).toBe(3);
  expect(await lastPass()).toMatchObject({ blobs: 5, damaged: 3, healed: 0 });
  expect((await missing()).map(({ digest, damage, packages }) => [digest, damage, packages])).toEqual([
    [sha256(rotten), 'digest', [NAME]],
    [sha256(cut), 'size', [NAME]],
    [sha256(gone), 'gone', [NAME]],
  ]);
  for (const blob of [rotten, cut, gone]) {
    expect(await registry.head(NAME, sha256(blob))).toBe(false);
    expect(await registry.mount('acme/other', sha256(blob), NAME)).toBe(false);
  }
  await registry.collect();
  expect(await registry.keys(), 'somebody may want to look at it').toContain(badKey);
  await registry.scrub();
  expect(await lastPass(), 'damaged still, and marked already').toMatchObject({ damaged: 3 });

  for (const blob of [rotten, cut, gone]) await registry.up(NAME, blob);
  await registry.collect();
  expect(await missing()).toEqual([]);
  expect(await registry.keys()).not.toContain(badKey);
  expect(await registry.holesOf(NAME, image(LAYERS))).toEqual([]);
  await registry.scrub();
  expect(await lastPass()).toMatchObject({ blobs: 5, damaged: 0, healed: 0 });
});

it('brings back what was taken for missing and is whole', async () => {
  const [layer] = LAYERS as [Buffer];
  const key = await keyOf(layer);
  await registry.objects.delete([key]);
  await registry.scrub();
  expect(await registry.head(NAME, sha256(layer))).toBe(false);
  await registry.objects.put(key, [layer]); // as from a bucket's older versions
  await registry.scrub();
  expect(await lastPass()).toMatchObject({ damaged: 0, healed: 1 });
  expect(await registry.head(NAME, sha256(layer))).toBe(true);
});

it('changes nothing about a blob that was replaced while it was being hashed', async () => {
  const [layer] = LAYERS as [Buffer];
  const key = await keyOf(layer);
  await registry.objects.put(key, [Buffer.alloc(5000)]);
  await registry.sql('UPDATE blobs SET missing_since = now() WHERE object_key = $1', [key]);
  let healing: Promise<void> | undefined;
  const store = observed((read) => {
    if (read === key) healing = registry.up(NAME, layer);
  });
  const size = registry.objects.size.bind(registry.objects);
  Object.assign(store, {
    // Each look after the bad bytes were read comes after the push.
    size: async (of: string) => {
      await healing;
      return size(of);
    },
  });
  await registry.scrub('worker', undefined, store);
  expect(healing).toBeDefined();
  expect(await registry.head(NAME, sha256(layer)), 'the push brought another object').toBe(true);
  expect(await missing()).toEqual([]);
});

it('goes on in the middle of a large object', async () => {
  const large = randomBytes(3 * MIB);
  await registry.up(NAME, large);
  const key = await keyOf(large);
  await registry.setScrub('on', MIB / 2); // a stretch of 1 MiB
  const ending = new AbortController();
  const starts: number[] = [];
  const store = observed((read, start) => {
    if (read !== key) return;
    starts.push(start);
    if (starts.length === 2) ending.abort();
  });
  await registry.scrub('one', ending.signal, store);
  expect(starts).toEqual([0, MIB]);
  await registry.setScrub('on', FAST);
  await registry.scrub('two', undefined, store);
  expect(starts).toEqual([0, MIB, 2 * MIB]);
  expect(await lastPass()).toMatchObject({ id: 1, blobs: 6, damaged: 0, bytes: 3 * MIB + E.length + 4 * 5000 });
  const bad = Buffer.from(large);
  bad[0] = (bad[0] ?? 0) ^ 1; // in the first stretch, found at the end
  await registry.objects.put(key, [bad]);
  await registry.setScrub('on', MIB / 2);
  const stopped = new AbortController();
  await registry.scrub(
    'one',
    stopped.signal,
    observed((read) => read === key && stopped.abort()),
  );
  await registry.setScrub('on', FAST);
  await registry.scrub('two');
  expect((await missing()).map(({ digest }) => digest)).toEqual([sha256(large)]);
});

it('is done by one worker at a time: no byte is hashed twice', async () => {
  for (let i = 0; i < 40; i++) await registry.up(NAME, randomBytes(100 + i));
  const reads: string[] = [];
  const store = observed((key) => reads.push(key));
  await Promise.all(['one', 'two', 'three'].map((worker) => registry.scrub(worker, undefined, store)));
  expect(new Set(reads).size).toBe(45);
  const passes = (await registry.scrubControl.passes({ limit: 10, after: undefined })).items;
  expect(reads).toHaveLength(45 * passes.length); // one that came late began another pass
  for (const pass of passes) expect(pass).toMatchObject({ blobs: 45 });
});

it('does nothing while it is off, and begins by itself once a week', async () => {
  await registry.setScrub('off', FAST);
  await registry.scrub();
  expect(await lastPass()).toMatchObject({ blobs: 0, finishedAt: undefined });
  await registry.setScrub('on', FAST);
  await registry.scrub();
  expect(await lastPass()).toMatchObject({ id: 1, blobs: 5 });
  expect(await registry.workOffScrub(), 'nothing is due').toEqual([]);
  await registry.sql("UPDATE scrub_passes SET started_at = now() - interval '8 days'");
  await registry.workOffScrub();
  expect(await lastPass()).toMatchObject({ id: 2, blobs: 5, requestedBy: undefined });
});

it('keeps to its pace', async () => {
  await registry.setScrub('on', 10_000);
  const began = Date.now();
  await registry.scrub(); // 20 kB, of which the last stretch is waited out as well
  expect(Date.now() - began).toBeGreaterThan(1900);
});

it('leaves a pass to be gone on with where the store fails, and does not call that damage', async () => {
  const [, second] = LAYERS as [Buffer, Buffer];
  const key = await keyOf(second);
  const failing = Object.create(registry.objects, {
    size: {
      value: (of: string) => (of === key ? Promise.reject(new Error('the store is away')) : registry.objects.size(of)),
    },
  }) as ObjectStore;
  await expect(registry.scrub('one', undefined, failing)).rejects.toThrow('the store is away');
  expect(await missing()).toEqual([]);
  await registry.scrub('two');
  expect(await lastPass()).toMatchObject({ id: 1, blobs: 5, damaged: 0 });
});
