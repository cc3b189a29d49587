import { resolve } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createDatabase } from '../../../test/support/berth.js';
import { createPrisma, type Database } from './database.js';
import { applyMigrations } from './migrate.js';
import { PrismaGcRuns } from './prisma-gc-runs.js';
import { PrismaReconcileRuns } from './prisma-reconcile-runs.js';
import { PrismaScrubControl } from './prisma-scrub-control.js';

let server: Awaited<ReturnType<typeof createDatabase>>;
let database: Database;

beforeAll(async () => {
  server = await createDatabase();
  await applyMigrations(server.url, resolve(import.meta.dirname, '../../../prisma/migrations'));
  database = createPrisma(server.url, { poolSize: 1 });
  await server.sql(`
    INSERT INTO gc_log (kind, reason) SELECT 'blobs', 'test' FROM generate_series(1, 5000);
    INSERT INTO reconcile_runs DEFAULT VALUES;
    INSERT INTO reconcile_findings (run_id, kind, object_key) SELECT 1, 'missing', i FROM generate_series(1, 5000) i;
    INSERT INTO blobs (digest, size, object_key, missing_since) SELECT i, 1, i, now() FROM generate_series(1, 5000) i;
    ANALYZE gc_log, reconcile_findings, blobs`);
});

afterAll(async () => {
  await database?.$disconnect();
  await server?.drop();
});

it.each([
  ['gc_log', (tx: Database) => new PrismaGcRuns(tx).entries(undefined, { limit: 10, after: undefined })],
  ['reconcile_findings', (tx) => new PrismaReconcileRuns(tx).findings(1, undefined, { limit: 10, after: undefined })],
  ['blobs', (tx) => new PrismaScrubControl(tx).missing({ limit: 10, after: undefined })],
] satisfies Array<[string, (tx: Database) => Promise<{ items: unknown[] }>]>)(
  'reads of %s no more than the page that it shows',
  async (table, list) => {
    await database.$transaction(async (tx) => {
      const read = async (): Promise<number> => {
        const [sum] = await tx.$queryRaw<Array<{ rows: number }>>`
        SELECT (seq_tup_read + coalesce(idx_tup_fetch, 0))::float8 AS rows FROM pg_stat_xact_user_tables
        WHERE relname = ${table}`;
        return sum?.rows ?? 0;
      };
      const before = await read();
      const { items } = await list(tx as Database);
      expect(items).toHaveLength(10);
      expect((await read()) - before).toBeLessThan(500);
    });
  },
);
