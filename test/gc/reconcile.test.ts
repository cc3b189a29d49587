// The object store compared with the database, both ways.
import { randomBytes } from 'node:crypto';
import { Readable } from 'node:stream';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { type ListedObject, ObjectMissingError, OwnedObjectStore } from '#registry';
import { E, image, sha256 } from '../support/client.js';
import { openRegistry, type TestRegistry } from './registry.js';

const NAME = 'acme/app';
const DAY = 86_400;
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

const newKey = () => randomBytes(20).toString('hex');
const keyOf = async (blob: Uint8Array) =>
  (await registry.sql<{ key: string }>('SELECT object_key AS key FROM blobs WHERE digest = $1', [sha256(blob)]))[0]
    ?.key ?? '';
const findings = async (runId: number, kind?: 'unknown_object' | 'missing' | 'wrong_size' | 'stray_upload') =>
  (await registry.reconcileRuns.findings(runId, kind, { limit: 100, after: undefined })).items;

it('finds nothing where all is well', async () => {
  const run = await registry.reconcile();
  const bytes = [E, ...LAYERS].reduce((sum, blob) => sum + blob.length, 0);
  expect(run).toMatchObject({ objects: 4, bytes, unknownObjects: 0, missing: 0, wrongSize: 0, progress: 1, kept: 0 });
  expect(await findings(run.id)).toEqual([]);
});

it('queues objects that nobody knows, and deletes them later if still nobody does', async () => {
  const [stray, back] = [newKey(), newKey()].sort() as [string, string];
  for (const key of [stray, back]) await registry.objects.put(key, [Buffer.from('stray')]);
  const first = await registry.reconcile();
  expect(first).toMatchObject({ objects: 6, unknownObjects: 2, unknownBytes: 10, kept: 2 });
  const told = await findings(first.id, 'unknown_object');
  expect(told).toMatchObject(
    [stray, back].map((objectKey) => ({ objectKey, size: 5, digest: undefined, packages: [] })),
  );
  const [queued] = await registry.sql<{ not_before: Date }>(
    'SELECT not_before FROM object_deletions WHERE object_key = $1',
    [stray],
  );
  expect(told[0]?.deleteAt).toEqual(queued?.not_before);
  const again = await registry.reconcile();
  expect(again, 'still there, and their time stays').toMatchObject({ unknownObjects: 2 });
  expect((await findings(again.id))[0]?.deleteAt).toEqual(queued?.not_before);
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
  for (const blob of [E, gone]) await registry.up('acme/other', blob);
  await registry.put('acme/other', image([gone]), ['x']);
  await registry.collect(); // what the second upload wrote goes
  await registry.objects.delete([await keyOf(gone)]);
  await registry.objects.put(await keyOf(cut), [Buffer.from('cut')]);
  const run = await registry.reconcile();
  expect(run).toMatchObject({ objects: 3, unknownObjects: 0, missing: 1, wrongSize: 1 });
  const told = await findings(run.id);
  expect(told.toSorted((a, b) => a.kind.localeCompare(b.kind))).toMatchObject([
    { kind: 'missing', digest: sha256(gone), size: undefined, expectedSize: 7, packages: [NAME, 'acme/other'] },
    { kind: 'wrong_size', digest: sha256(cut), size: 3, expectedSize: 7, packages: [NAME] },
  ]);
  expect(await registry.reconcile(), 'until they are healed').toMatchObject({ missing: 1, wrongSize: 1 });
  const { items } = await registry.scrubControl.missing({ limit: 10, after: undefined });
  expect(items.map(({ digest, damage }) => [digest, damage])).toEqual([
    [sha256(gone), 'gone'],
    [sha256(cut), 'size'],
  ]);
  for (const blob of [gone, cut]) expect(await registry.head(NAME, sha256(blob))).toBe(false);
  expect(await registry.head(NAME, sha256(LAYERS[2] as Buffer))).toBe(true);
  for (const blob of [gone, cut]) await registry.up(NAME, blob);
  expect(await registry.holesOf(NAME, image(LAYERS))).toEqual([]);
  await registry.collect();
  expect(await registry.reconcile()).toMatchObject({ objects: 4, unknownObjects: 0, missing: 0, wrongSize: 0 });
});

it('only reports where it is told to', async () => {
  const stray = newKey();
  await registry.objects.put(stray, [Buffer.from('stray')]);
  await registry.objects.delete([await keyOf(E)]);
  const upload = await registry.objects.startMultipart(newKey());
  const run = await registry.reconcile(true);
  expect(run).toMatchObject({ isDryRun: true, unknownObjects: 1, missing: 1, uploads: 1, strayUploads: 1 });
  expect((await findings(run.id)).map(({ kind, deleteAt }) => [kind, deleteAt]).sort()).toEqual([
    ['missing', undefined],
    ['stray_upload', undefined],
    ['unknown_object', undefined],
  ]);
  expect(await registry.head(NAME, sha256(E)), 'the mark is for runs that are meant').toBe(true);
  expect(await registry.sql('SELECT 1 FROM object_deletions')).toEqual([]);
  expect(await registry.objects.listUploads('', 10)).toMatchObject({ uploads: [{ uploadId: upload }] });
});

it('drops multipart uploads that nobody has known for a day', async () => {
  const [young, old, known, leaving] = [newKey(), newKey(), newKey(), newKey()];
  const ids = await Promise.all([young, old, known, leaving].map((key) => registry.objects.startMultipart(key)));
  const packageId = await registry.idOf(NAME);
  await registry.sql(
    `INSERT INTO upload_sessions (package_id, principal, object_key, upload_id, expires_at)
     VALUES ($1, 'user:1', $2, $3, now())`,
    [packageId, known, ids[2]],
  );
  await registry.sql('INSERT INTO object_deletions (object_key, upload_id) VALUES ($1, $2)', [leaving, ids[3]]);
  // The store says that all but one are old.
  const listUploads = registry.objects.listUploads.bind(registry.objects);
  const aged = Object.create(registry.objects, {
    listUploads: {
      value: async (...page: Parameters<typeof listUploads>) => {
        const { uploads, next } = await listUploads(...page);
        const aged = uploads.map((upload) => ({
          ...upload,
          startedAt: new Date(Date.now() - (upload.key === young ? 0.9 : 1.1) * DAY * 1000),
        }));
        return { uploads: aged, next };
      },
    },
  }) as OwnedObjectStore;
  const run = await registry.reconcile(false, aged);
  expect(run).toMatchObject({ uploads: 4, strayUploads: 2 });
  expect((await findings(run.id)).map(({ objectKey }) => objectKey).sort()).toEqual([young, old].sort());
  const left = await listUploads('', 10);
  expect(left.uploads.map(({ key }) => key)).toEqual([young, known, leaving].sort());
});

it('goes on where a run was broken off, and counts what was counted already once', async () => {
  const keys = await registry.keys();
  const id = await registry.askToReconcile();
  await registry.sql(
    `UPDATE reconcile_runs SET state = 'running', started_at = now(), seen_at = now() - interval '1 hour', after = $1, objects = 2
     WHERE id = $2`,
    [keys[1], id],
  );
  expect((await registry.reconcileRuns.find(id))?.progress).toBeLessThan(1);
  expect(await registry.workOffReconciles()).toMatchObject([{ id, objects: 2 }]);
  expect(await registry.reconcileRuns.find(id)).toMatchObject({ state: 'done', objects: 4, progress: 1 });
});

it('waits out a store that is away, and goes on', async () => {
  const away = Object.create(registry.objects, {
    list: { value: () => Promise.reject(new Error('the store is away')) },
  }) as OwnedObjectStore;
  const id = await registry.askToReconcile();
  await expect(registry.workOffReconciles(away)).rejects.toThrow('the store is away');
  expect(await registry.reconcileRuns.find(id)).toMatchObject({ state: 'queued', error: 'the store is away' });
  expect(await registry.workOffReconciles(), 'not at once').toEqual([]);
  await registry.sql("UPDATE reconcile_runs SET seen_at = now() - interval '2 minutes' WHERE id = $1", [id]);
  expect(await registry.workOffReconciles()).toMatchObject([{ id }]);
  expect(await registry.reconcileRuns.find(id)).toMatchObject({ state: 'done', error: undefined });
});

it('begins one by itself every day, also where two workers look at the same moment', async () => {
  expect(await registry.workOffReconciles()).toEqual([]);
  await registry.sql("UPDATE reconcile_runs SET created_at = now() - interval '25 hours'");
  const both = await Promise.all([registry.workOffReconciles(), registry.workOffReconciles()]);
  expect(both.flat()).toHaveLength(1);
  const { items } = await registry.reconcileRuns.list({ limit: 10, after: undefined });
  expect(items.map(({ state, requestedBy }) => [state, requestedBy])).toEqual([
    ['done', undefined],
    ['done', undefined],
  ]);
});

/** Keys that are computed, not kept, with nothing behind them. */
class ManyObjects extends OwnedObjectStore {
  largestPage = 0;

  private readonly step: number;

  constructor(readonly count: number) {
    super();
    this.step = Math.floor(2 ** 32 / count);
  }

  /** In order, spread over all prefixes: the same as `KEY` computes in the database. */
  keyAt(i: number): string {
    return (i * this.step).toString(16).padStart(8, '0') + '0'.repeat(32);
  }

  override async list(after: string, limit: number): Promise<ListedObject[]> {
    const from = after === '' ? 0 : Number.parseInt(after.slice(0, 8), 16) / this.step + 1;
    const page = Math.min(limit, this.count - from);
    this.largestPage = Math.max(this.largestPage, page);
    return Array.from({ length: Math.max(0, page) }, (_, i) => ({ key: this.keyAt(from + i), size: 10 }));
  }
  override async listUploads() {
    return { uploads: [], next: undefined };
  }
  override async size(): Promise<undefined> {
    return undefined;
  }
  override async read(key: string): Promise<Readable> {
    throw new ObjectMissingError(key);
  }
  override put = notCalled;
  override startMultipart = notCalled;
  override writePart = notCalled;
  override completeMultipart = notCalled;
  override abortMultipart = notCalled;
  override delete = notCalled;
}

function notCalled(): Promise<never> {
  throw new Error('not called');
}

// RECONCILE_OBJECTS=1000000 measures the memory of a large one.
it('holds a page at a time, however much is in the store or lost, and keeps a bounded report', {
  timeout: 3_600_000,
}, async () => {
  const store = new ManyObjects(Number(process.env.RECONCILE_OBJECTS ?? 25_000));
  // Every other object is a blob's, and 5,000 blobs have lost theirs, all in one place.
  await registry.sql(
    `INSERT INTO blobs (digest, size, object_key, created_at)
     SELECT 'sha256:' || lpad(to_hex(i), 64, '0'), 10,
       lpad(to_hex(i * floor(4294967296 / $1::float8)::bigint), 8, '0') || repeat('0', 32), now() - interval '1 hour'
     FROM generate_series(0::bigint, $1::bigint - 1, 2) i`,
    [store.count],
  );
  const known = Math.ceil(store.count / 2);
  await registry.sql(
    `INSERT INTO blobs (digest, size, object_key, created_at)
     SELECT 'sha256:' || '1' || lpad(to_hex(i), 63, '0'), 10, lpad(to_hex(i), 40, '0'), now() - interval '1 hour'
     FROM generate_series(1, 5000) i`,
  );
  globalThis.gc?.();
  const before = process.memoryUsage.rss();
  const run = await registry.reconcile(false, store);
  const grown = process.memoryUsage.rss() - before;
  console.log(
    `${store.count} objects: ${Math.round(before / 2 ** 20)} MiB before, ${Math.round(grown / 2 ** 20)} MiB more after`,
  );
  expect(run).toMatchObject({
    objects: store.count,
    bytes: store.count * 10,
    unknownObjects: store.count - known,
    missing: 5000 + 4,
    kept: 10_000,
  });
  expect(store.largestPage).toBe(1000);
  expect(await registry.sql('SELECT count(*)::int AS n FROM object_deletions WHERE is_stray')).toEqual([
    { n: store.count - known },
  ]);
});
