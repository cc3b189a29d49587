import { resolve } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createDatabase } from '../../../test/support/berth.js';
import { createPrisma, type Database } from './database.js';
import { applyMigrations } from './migrate.js';
import { PrismaGarbage } from './prisma-garbage.js';

const WAITING = 20_000;
const RETURNED = 300;
const LIMIT = 100;
const RULES = { grace: 0, untaggedAfter: 0, restoreWindow: 0, backupHorizon: 0, buildCacheBudget: undefined };

let server: Awaited<ReturnType<typeof createDatabase>>;
let database: Database;
let garbage: PrismaGarbage;

beforeAll(async () => {
  server = await createDatabase();
  await applyMigrations(server.url, resolve(import.meta.dirname, '../../../prisma/migrations'));
  database = createPrisma(server.url, { poolSize: 1 });
  garbage = new PrismaGarbage(database, RULES);
}, 120_000);

afterAll(async () => {
  await database?.$disconnect();
  await server?.drop();
});

const keyOf = (sql: string) => `lpad(to_hex(${sql}), 40, '0')`;

/** How often a blob was looked for by the key of its object. */
async function lookUps(): Promise<number> {
  await database.$executeRaw`SELECT pg_stat_force_next_flush()`;
  const [row] = await database.$queryRaw<Array<{ scans: number }>>`
    SELECT idx_scan::int AS scans FROM pg_stat_user_indexes WHERE indexrelname = 'blobs_object_key_key'`;
  return row?.scans ?? 0;
}

it('claims object deletions at a cost that does not grow with how many wait', async () => {
  await server.sql(`
    INSERT INTO object_deletions (object_key, size, not_before)
    SELECT ${keyOf('n')}, 1, now() - interval '1 hour' FROM generate_series(1, ${WAITING}) n`);
  const before = await lookUps();
  expect(await garbage.claimDeletions(LIMIT)).toHaveLength(LIMIT);
  expect((await lookUps()) - before).toBeLessThanOrEqual(LIMIT);
});

it('passes over objects that blobs have again, however many', async () => {
  await database.$executeRaw`DELETE FROM object_deletions`;
  await server.sql(`
    INSERT INTO blobs (digest, size, object_key)
    SELECT 'sha256:' || lpad(to_hex(n), 64, '0'), 1, ${keyOf('n')} FROM generate_series(1, ${RETURNED}) n`);
  await server.sql(`
    INSERT INTO object_deletions (object_key, size, not_before)
    SELECT ${keyOf('n')}, 1, now() - interval '1 hour' + n * interval '1 second' FROM generate_series(1, ${RETURNED + 1}) n`);
  const [last] = await database.$queryRaw<Array<{ key: string }>>`SELECT max(object_key) AS key FROM object_deletions`;
  expect(await garbage.claimDeletions(LIMIT)).toEqual([{ objectKey: last?.key, uploadId: null }]);
  expect(await garbage.claimDeletions(LIMIT)).toEqual([]);
});
