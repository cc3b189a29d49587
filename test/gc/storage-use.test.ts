// What packages and namespaces store: the walk that measures it, and the lists that read it.
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createPrisma, type Database, PrismaStorageFigures, PrismaStorageMeasuring } from '#database';
import type { RepositoryName } from '#oci';
import { GcBrake, MeasureStorage, NoTraffic, type PackageOrder } from '#registry';
import { E, encode, image, sha256 } from '../support/client.js';
import { openRegistry, type TestRegistry } from './registry.js';

const LAYERS = Array.from({ length: 6 }, (_, i) => Buffer.alloc(1000 * (i + 1), `layer ${i}`));
/** Which layers each package has; `E` is the configuration of all. */
const HELD: Record<string, number[]> = {
  'acme/a': [0, 1],
  'acme/b': [1, 2],
  'acme/same': [1, 2],
  'rival/c': [2, 3],
  'third/d': [4],
};
const NAMES = Object.keys(HELD);

let registry: TestRegistry;
let database: Database;
let measuring: PrismaStorageMeasuring;
let figures: PrismaStorageFigures;

const layersOf = (name: string) => (HELD[name] ?? []).map((i) => LAYERS[i] as Buffer);

beforeAll(async () => {
  registry = await openRegistry();
  database = createPrisma(registry.url, { poolSize: 4 });
  measuring = new PrismaStorageMeasuring(database);
  figures = new PrismaStorageFigures(database, undefined);
  for (const name of NAMES) {
    for (const blob of [E, ...layersOf(name)]) await registry.up(name, blob);
    await registry.put(name, image(layersOf(name)), ['x']);
  }
});

afterAll(async () => {
  await database?.$disconnect();
  await registry?.close();
});

/** Another measurement, however fresh the last is, in batches of two. */
async function measure(workers = 1): Promise<void> {
  await registry.sql(
    "UPDATE storage_measurements SET finished_at = finished_at - interval '1 day', started_at = started_at - interval '1 day'",
  );
  const begun = await Promise.all(Array.from({ length: workers }, () => measuring.begin()));
  expect(begun).toEqual(begun.map(() => true));
  const walk = async () => {
    while ((await measuring.step(2)) === 'more');
  };
  await Promise.all(begun.map(walk));
}

const sum = (bytes: Uint8Array[]) => bytes.reduce((total, one) => total + one.length, 0);
const blobsOf = (name: string) => [E, ...layersOf(name)];
const isOf = (namespace: string) => (name: string) => name.startsWith(`${namespace}/`);
/** Of these blobs those that no package among `names` has. */
const notHeldBy = (blobs: Uint8Array[], names: string[]) =>
  blobs.filter((blob) => !names.some((name) => blobsOf(name).includes(blob as Buffer)));

it('answers nothing before the first measurement', async () => {
  expect(await figures.namespaces({ limit: 10, after: undefined })).toEqual({
    measuredAt: undefined,
    found: { items: [], next: undefined },
  });
  const namespace = await registry.sql<{ id: number }>("SELECT id FROM namespaces WHERE path = 'acme'");
  expect(await figures.ofNamespace(namespace[0]?.id ?? 0)).toBeUndefined();
});

it.each([1, 3])('adds up what every package and namespace has, with %i workers', async (workers) => {
  await measure(workers);
  const { found } = await figures.packages({ by: 'size', isAscending: true }, { limit: 100, after: undefined });
  expect(found.items.map(({ name }) => name).sort()).toEqual(NAMES);
  for (const item of found.items) {
    const others = NAMES.filter((name) => name !== item.name);
    const near = others.filter(isOf(item.name.split('/')[0] as string));
    expect(item).toMatchObject({
      versions: 1,
      manifestBytes: encode(image(layersOf(item.name))).length,
      blobs: blobsOf(item.name).length,
      logicalBytes: sum(blobsOf(item.name)),
      exclusiveBytes: sum(notHeldBy(blobsOf(item.name), others)),
      namespaceExclusiveBytes: sum(notHeldBy(blobsOf(item.name), near)),
      deletedAt: undefined,
      pulledAt: undefined,
    });
    const now = await figures.ofPackage(item.name);
    expect(now?.found, 'what is little is added up when asked, and is the same').toEqual(item);
  }
  const { found: namespaces } = await figures.namespaces({ limit: 100, after: undefined });
  expect(namespaces.items.map(({ login }) => login)).toEqual(['rival', 'acme', 'third']);
  for (const item of namespaces.items) {
    const own = NAMES.filter(isOf(item.login));
    const blobs = [...new Set(own.flatMap(blobsOf))];
    expect(item).toMatchObject({
      logicalBytes: sum(own.flatMap(blobsOf)),
      storedBytes: sum(blobs),
      exclusiveBytes: sum(
        notHeldBy(
          blobs,
          NAMES.filter((name) => !own.includes(name)),
        ),
      ),
    });
  }
  const all = [...new Set(NAMES.flatMap(blobsOf))];
  expect(
    await registry.sql(`SELECT blobs::int, stored_bytes::int AS stored, links::int, logical_bytes::int AS logical
      FROM storage_use`),
  ).toEqual([
    { blobs: all.length, stored: sum(all), links: NAMES.flatMap(blobsOf).length, logical: sum(NAMES.flatMap(blobsOf)) },
  ]);
});

it('goes on where a killed worker stopped, and counts nothing twice', async () => {
  await registry.sql("UPDATE storage_measurements SET finished_at = finished_at - interval '1 day'");
  expect(await measuring.begin()).toBe(true);
  await measuring.step(2);
  const before = await figures.packages({ by: 'size', isAscending: false }, { limit: 100, after: undefined });
  const brake = new GcBrake(registry.runs, new NoTraffic());
  await new MeasureStorage(new PrismaStorageMeasuring(database), brake).run();
  const after = await figures.packages({ by: 'size', isAscending: false }, { limit: 100, after: undefined });
  expect(after.found).toEqual(before.found);
  expect(after.measuredAt?.getTime()).toBeGreaterThan(before.measuredAt?.getTime() ?? Number.POSITIVE_INFINITY);
  expect(await measuring.begin(), 'fresh').toBe(false);
  brake.end();
  await registry.sql("UPDATE storage_measurements SET finished_at = finished_at - interval '1 day'");
  await new MeasureStorage(measuring, brake).run();
  expect(await registry.sql('SELECT 1 FROM storage_measurements WHERE finished_at IS NULL'), 'no step').toHaveLength(1);
  while ((await measuring.step(100)) === 'more');
});

const ORDERS: Array<[PackageOrder, boolean]> = [
  ['size', false],
  ['size', true],
  ['pushed', true],
  ['pushed', false],
  ['pulled', true],
  ['pulled', false],
];

it.each(ORDERS)('pages by %s, ascending %s, and misses and repeats nothing', async (by, isAscending) => {
  await registry.sql(`INSERT INTO manifest_downloads (manifest_id, count, last_at)
    SELECT id, 1, '2026-01-01'::timestamptz + id * interval '1 second' FROM manifests WHERE package_id % 2 = 0
    ON CONFLICT DO NOTHING`);
  await measure();
  const whole = (await figures.packages({ by, isAscending }, { limit: 100, after: undefined })).found.items;
  expect(whole).toHaveLength(NAMES.length);
  const value = (item: (typeof whole)[number]) =>
    by === 'size' ? item.logicalBytes : ((by === 'pushed' ? item.pushedAt : item.pulledAt)?.getTime() ?? 0);
  const values = whole.map(value);
  expect(values).toEqual([...values].sort((a, b) => (isAscending ? a - b : b - a)));
  const found: typeof whole = [];
  for (let after: string | undefined, isFirst = true; isFirst || after !== undefined; isFirst = false) {
    const page = await figures.packages({ by, isAscending }, { limit: 2, after });
    found.push(...page.found.items);
    after = page.found.next;
    if (isFirst) await measure(); // the pages that follow are of the same measurement
  }
  expect(found).toEqual(whole);
});

it('keeps the last measurement but one, and drops those before', async () => {
  await measure();
  while ((await measuring.trim(2)) > 0);
  const counts = await registry.sql(`SELECT (SELECT count(*)::int FROM storage_measurements) AS measurements,
    (SELECT count(DISTINCT measurement_id)::int FROM package_storage) AS packages,
    (SELECT count(DISTINCT measurement_id)::int FROM namespace_storage) AS namespaces`);
  expect(counts).toEqual([{ measurements: 2, packages: 2, namespaces: 2 }]);
  const page = await figures.packages({ by: 'size', isAscending: false }, { limit: 2, after: '1.99999999.1' });
  expect(page.found.items, 'the measurement of the key is gone').toHaveLength(2);
});

it('shows a package that was deleted until it is purged, by the name that it had', async () => {
  const id = await registry.idOf('third/d');
  await registry.sql(
    `UPDATE packages SET deleted_at = now(), purge_at = now() + interval '1 day', deleted_name = 'third/d' WHERE id = $1`,
    [id],
  );
  await registry.sql('DELETE FROM package_names WHERE package_id = $1', [id]);
  await measure();
  const found = await figures.ofPackage('third/d' as RepositoryName);
  expect(found?.found).toMatchObject({ packageId: id, deletedAt: expect.any(Date) });
  expect(found?.found).toEqual((await figures.ofPackage(id))?.found);
  expect(await figures.ofPackage('third/none' as RepositoryName)).toBeUndefined();
});

it('says what deleting a tag frees', async () => {
  const collecting = new PrismaStorageFigures(database, 0);
  const id = await registry.idOf('acme/a');
  const size = encode(image(layersOf('acme/a'))).length;
  const all = sum(blobsOf('acme/a')) + size;
  expect(await collecting.ofTag(id, 'x', 'package')).toEqual({ exclusive: all, shared: 0 });
  expect(await figures.ofTag(id, 'x', 'package'), 'untagged ones stay').toEqual({ exclusive: 0, shared: all });
  await registry.put('acme/a', image(layersOf('acme/a')), ['y']);
  expect(await collecting.ofTag(id, 'x', 'package'), 'another tag holds it').toEqual({ exclusive: 0, shared: all });
  expect(await collecting.ofTag(id, 'z', 'package')).toBeUndefined();
  const [version] = await registry.sql<{ id: number }>(
    'SELECT id FROM manifests WHERE package_id = $1 AND digest = $2',
    [id, sha256(encode(image(layersOf('acme/a'))))],
  );
  expect(await figures.ofVersion(id, version?.id ?? 0, 'package')).toEqual({ exclusive: all, shared: 0 });
  expect(await figures.ofVersion(await registry.idOf('acme/b'), version?.id ?? 0, 'package')).toBeUndefined();
});
