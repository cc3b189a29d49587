import { randomBytes } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { startServices } from '../scripts/test-services.js';
import { addOrphans, query } from './orphans.js';
import { openS3 } from './s3-server.js';

const ORPHANS = 1000;
const PACKAGES = 100;
const SIZES = [10_000, 1_000_000];
const MIGRATIONS = join(import.meta.dirname, '../prisma/migrations');

/**
 * How long the collection of 1,000 orphaned blobs takes beside few and many others, links, rows and objects in S3 together; the
 * median of `rounds`, which go from one size to the other and back. Loads what was compiled.
 */
export async function measureGc(folder, { rounds, s3: given }) {
  const services = await startServices(folder);
  const s3 = await openS3(given, folder);
  Object.assign(process.env, s3.settings);
  const registries = [];
  try {
    const server = services.variables.BERTH_TEST_DATABASE_URL ?? process.env.BERTH_TEST_DATABASE_URL;
    if (!server) throw new Error('This needs a PostgreSQL: name one in BERTH_TEST_DATABASE_URL.');
    for (const size of SIZES) registries.push(await openRegistry(server, folder, size));
    for (let round = 0; round < rounds; round++) {
      for (const registry of registries) registry.times.push(await registry.collect());
    }
    return registries.map(({ size, times }) => ({ size, ms: median(times), times }));
  } finally {
    for (const registry of registries) await registry.close();
    await s3.stop();
    await services.stop();
  }
}

/** Answers whether the demands are met: at most 1.5 times as long, and 1,000 blobs a second. */
export function printGc(results, isJson) {
  const [few, many] = results;
  const ratio = many.ms / few.ms;
  const perSecond = Math.round((ORPHANS / many.ms) * 1000);
  if (isJson) console.log(JSON.stringify({ results, ratio, perSecond }));
  else {
    for (const { size, ms, times } of results) {
      const all = times.map((time) => time.toFixed(0)).join(', ');
      console.log(`${ORPHANS} orphaned blobs beside ${size} others: ${ms.toFixed(0)} ms (${all})`);
    }
    console.log(`ratio ${ratio.toFixed(2)} (at most 1.50), ${perSecond} blobs a second (at least 1000)`);
  }
  return ratio <= 1.5 && perSecond >= 1000;
}

async function openRegistry(server, folder, size) {
  const { applyMigrations, createPrisma, PrismaGarbage, PrismaGcRuns } = await import('#database');
  const { CollectBlobs, CollectLinks, DeleteObjects, GcBrake, NoTraffic } = await import('#registry');
  const { openStorage } = await import('#storage');
  const { readSettings } = await import('#config');

  const name = `berth_bench_${randomBytes(6).toString('hex')}`;
  await query(server, `CREATE DATABASE ${name}`);
  const url = Object.assign(new URL(server), { pathname: `/${name}` }).href;
  await applyMigrations(url, MIGRATIONS);
  await seed(url, size);
  const data = join(folder, name);
  mkdirSync(data);
  const storage = await openStorage(readSettings({ ...process.env, BERTH_DATA_DIR: data }), { info: () => undefined });
  const prisma = createPrisma(url, { poolSize: 4 });
  const garbage = new PrismaGarbage(prisma, { grace: 60, untaggedAfter: 0, restoreWindow: 0, backupHorizon: 0 });
  const brake = new GcBrake(new PrismaGcRuns(prisma), new NoTraffic());
  const pass = { runId: undefined, grace: undefined, isDryRun: false };
  const steps = [new CollectLinks(garbage, brake), new CollectBlobs(garbage, brake)];
  const deletion = new DeleteObjects(garbage, storage.objects, brake);
  return {
    size,
    times: [],
    /** Milliseconds. */
    async collect() {
      await addOrphans(url, storage.objects, ORPHANS, PACKAGES);
      const began = performance.now();
      for (const step of steps) await step.run(pass);
      const { deleted } = await deletion.run();
      const ms = performance.now() - began;
      if (deleted !== ORPHANS) throw new Error(`${deleted} objects were deleted, not ${ORPHANS}`);
      return ms;
    },
    async close() {
      await prisma.$disconnect();
      storage.close();
      await query(server, `DROP DATABASE ${name} WITH (FORCE)`);
    },
  };
}

/** Blobs that a package holds, by SQL alone: no collection looks at their objects. */
async function seed(url, size) {
  await query(url, "INSERT INTO namespaces (path, login, kind) VALUES ('bench', 'bench', 'organisation')");
  await query(url, 'INSERT INTO packages (namespace_id) SELECT 1 FROM generate_series(1, $1::int)', [PACKAGES]);
  await query(
    url,
    `INSERT INTO blobs (digest, size, object_key)
      SELECT 'sha256:' || encode(sha256(i::text::bytea), 'hex'), 1000, md5(i::text) || lpad(i::text, 8, '0')
      FROM generate_series(1, ${size}) i`,
  );
  await query(
    url,
    'INSERT INTO package_blobs (package_id, digest, blob_id, idle_since) SELECT id % 100 + 1, digest, id, NULL FROM blobs',
  );
  await query(url, 'VACUUM ANALYZE');
}

const median = (values) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)];
