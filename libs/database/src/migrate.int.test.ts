import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createDatabase } from '../../../test/support/berth.js';
import { createPrisma } from './database.js';
import { applyMigrations } from './migrate.js';

const OURS = resolve(import.meta.dirname, '../../../prisma/migrations');

let database: Awaited<ReturnType<typeof createDatabase>>;
let folder: string;

beforeEach(async () => {
  database = await createDatabase();
  folder = await mkdtemp(join(tmpdir(), 'berth-migrations-'));
  await writeFile(join(folder, 'migration_lock.toml'), 'provider = "postgresql"\n');
});

afterEach(async () => {
  await database?.drop();
  if (folder) await rm(folder, { recursive: true });
});

async function write(name: string, sql: string) {
  await mkdir(join(folder, name), { recursive: true });
  await writeFile(join(folder, name, 'migration.sql'), sql);
}

const records = () =>
  database.sql(`
    SELECT migration_name AS name, finished_at IS NOT NULL AS "isFinished", rolled_back_at IS NOT NULL AS "isRolledBack",
      applied_steps_count AS steps, logs
    FROM _prisma_migrations ORDER BY started_at`);

describe('applyMigrations', () => {
  it('applies files in the order of their names, once', async () => {
    await write('20200102000000_second', 'ALTER TABLE berths ADD COLUMN depth integer');
    await write('20200101000000_first', 'CREATE TABLE berths (id integer); INSERT INTO berths VALUES (1);');
    expect(await applyMigrations(database.url, folder)).toEqual(['20200101000000_first', '20200102000000_second']);
    expect(await applyMigrations(database.url, folder)).toEqual([]);
    expect(await records()).toEqual([
      { name: '20200101000000_first', isFinished: true, isRolledBack: false, steps: 1, logs: null },
      { name: '20200102000000_second', isFinished: true, isRolledBack: false, steps: 1, logs: null },
    ]);
    expect(await database.sql('SELECT id, depth FROM berths')).toEqual([{ id: 1, depth: null }]);
  });

  it('applies one that came in before those applied', async () => {
    await write('20200102000000_second', 'CREATE TABLE second ()');
    await applyMigrations(database.url, folder);
    await write('20200101000000_first', 'CREATE TABLE first ()');
    expect(await applyMigrations(database.url, folder)).toEqual(['20200101000000_first']);
  });

  it('leaves alone what only the database knows', async () => {
    await write('20200101000000_first', 'CREATE TABLE first ()');
    await write('20200102000000_of_a_newer_berth', 'CREATE TABLE second ()');
    await applyMigrations(database.url, folder);
    await rm(join(folder, '20200102000000_of_a_newer_berth'), { recursive: true });
    expect(await applyMigrations(database.url, folder)).toEqual([]);
  });

  it('lets replicas start at the same time', async () => {
    await write('20200101000000_slow', 'CREATE TABLE slow (); SELECT pg_sleep(0.3)');
    await write('20200102000000_next', 'CREATE TABLE next ()');
    const replicas = await Promise.all([1, 2, 3, 4, 5, 6].map(() => applyMigrations(database.url, folder)));
    expect(replicas.flat().sort()).toEqual(['20200101000000_slow', '20200102000000_next']);
  });

  it('takes a failing file back whole, says where it failed, and tries it again', async () => {
    await write('20200101000000_first', 'CREATE TABLE first ()');
    await write('20200102000000_broken', 'CREATE TABLE half ();\n\nALTER TABLE nowhere ADD COLUMN x integer;\n');
    const error = 'migration 20200102000000_broken failed and was rolled back: relation "nowhere" does not exist';
    await expect(applyMigrations(database.url, folder)).rejects.toThrow(error);
    expect(await database.sql(`SELECT to_regclass('first') AS first, to_regclass('half') AS half`)).toEqual([
      { first: 'first', half: null },
    ]);
    expect((await records())[1]).toEqual({
      name: '20200102000000_broken',
      isFinished: false,
      isRolledBack: true,
      steps: 0,
      logs: error,
    });
    await write('20200102000000_broken', 'CREATE TABLE half ()');
    expect(await applyMigrations(database.url, folder)).toEqual(['20200102000000_broken']);
  });

  it('names the line of a mistake', async () => {
    await write('20200101000000_typo', 'CREATE TABLE first ();\nCREATE TABEL second ();\n');
    await expect(applyMigrations(database.url, folder)).rejects.toThrow(/line 2: syntax error/);
  });

  it('does not wait for a busy table for ever', async () => {
    await write('20200101000000_first', 'CREATE TABLE first ()');
    await applyMigrations(database.url, folder);
    await write('20200102000000_waits', `SET LOCAL lock_timeout = '100ms'; ALTER TABLE first ADD COLUMN x integer`);
    const reader = createPrisma(database.url, { poolSize: 1 });
    try {
      await reader.$transaction(async (tx) => {
        await tx.$executeRaw`LOCK TABLE first IN ACCESS SHARE MODE`;
        await expect(applyMigrations(database.url, folder)).rejects.toThrow(/20200102000000_waits .*lock timeout/);
      });
    } finally {
      await reader.$disconnect();
    }
    expect(await applyMigrations(database.url, folder)).toEqual(['20200102000000_waits']);
  });

  it('refuses a file that was edited after it was applied', async () => {
    await write('20200101000000_first', 'CREATE TABLE first ()');
    await applyMigrations(database.url, folder);
    await write('20200101000000_first', 'CREATE TABLE first (id integer)');
    await write('20200102000000_second', 'CREATE TABLE second ()');
    await expect(applyMigrations(database.url, folder)).rejects.toThrow('20200101000000_first changed after it was');
    expect(await database.sql(`SELECT to_regclass('second') AS second`)).toEqual([{ second: null }]);
  });

  it('refuses to go on from what another tool left unfinished', async () => {
    await write('20200101000000_first', 'CREATE TABLE first ()');
    await applyMigrations(database.url, folder);
    await database.sql('UPDATE _prisma_migrations SET finished_at = NULL');
    await expect(applyMigrations(database.url, folder)).rejects.toThrow(
      '20200101000000_first was begun by another tool',
    );
  });

  it('refuses a folder without its file', async () => {
    await mkdir(join(folder, '20200101000000_empty'));
    await expect(applyMigrations(database.url, folder)).rejects.toThrow('20200101000000_empty');
  });
});

describe('the tables', () => {
  beforeEach(async () => {
    await applyMigrations(database.url, OURS);
  });

  const move = (tag: string, from: string | null, to: string | null) =>
    database.sql(
      `INSERT INTO tag_log (package_id, name, from_digest, to_digest, actor) VALUES (1, $1, $2, $3, 'user:1')`,
      [tag, from, to],
    );

  it('chain the entries of a tag, whatever the writer and the time zone say', async () => {
    await move('latest', null, 'sha256:a');
    await move('v1', null, 'sha256:a');
    await move('latest', 'sha256:a', 'sha256:b');
    await database.sql(`
      INSERT INTO tag_log (package_id, name, from_digest, actor, previous)
      VALUES (1, 'latest', 'sha256:b', 'user:1', 'made up'), (1, 'latest', NULL, 'user:2', NULL)`);
    await database.sql(`
      DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET TimeZone = ''Asia/Tokyo''', current_database()); END $$`);
    const chain = await database.sql(`
      SELECT name, previous IS NULL AS "isFirst",
        previous IS NOT DISTINCT FROM lag(tag_log_hash(tag_log)) OVER (PARTITION BY name ORDER BY id) AS "isChained"
      FROM tag_log ORDER BY id`);
    expect(chain).toEqual([
      { name: 'latest', isFirst: true, isChained: true },
      { name: 'v1', isFirst: true, isChained: true },
      { name: 'latest', isFirst: false, isChained: true },
      { name: 'latest', isFirst: false, isChained: true },
      { name: 'latest', isFirst: false, isChained: true },
    ]);
  });

  it.each([
    ['tag_log', `UPDATE tag_log SET actor = 'user:2'`],
    ['tag_log', 'DELETE FROM tag_log'],
    ['tag_log', 'TRUNCATE tag_log'],
    ['audit_log', `UPDATE audit_log SET result = 'denied'`],
    ['audit_log', 'DELETE FROM audit_log'],
    ['audit_log', 'TRUNCATE audit_log'],
  ])('%s refuses %s', async (table, statement) => {
    await expect(database.sql(statement)).rejects.toThrow(`${table} is append-only`);
  });

  it('publish no private key', async () => {
    const insert = (publicJwk: string) =>
      database.sql(
        `INSERT INTO signing_keys (kid, private_jwk, public_jwk, signs_from, retires_at)
         VALUES ('k', '{}', $1, now(), now() + interval '1 day')`,
        [publicJwk],
      );
    await expect(insert('{"kty":"EC","x":"","y":"","d":""}')).rejects.toThrow('signing_keys_public_jwk_check');
    await insert('{"kty":"EC","x":"","y":""}');
  });

  it('order every text key by bytes', async () => {
    const unordered = await database.sql(`
      SELECT c.relname AS table, a.attname AS column
      FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid JOIN pg_attribute a ON a.attrelid = c.oid
      WHERE c.relnamespace = 'public'::regnamespace AND c.relname <> '_prisma_migrations'
        AND a.attnum = ANY((i.indkey::smallint[])[0:i.indnkeyatts - 1]) AND a.atttypid = 'text'::regtype AND a.attcollation <> '"C"'::regcollation`);
    expect(unordered).toEqual([]);
  });

  it('are found by their foreign keys without a walk', async () => {
    const unindexed = await database.sql(`
      SELECT conname AS name FROM pg_constraint f
      WHERE f.contype = 'f' AND f.connamespace = 'public'::regnamespace AND NOT EXISTS (
        SELECT FROM pg_index i WHERE i.indrelid = f.conrelid
          AND (i.indkey::smallint[])[0:cardinality(f.conkey) - 1] @> f.conkey)
      ORDER BY conname`);
    // Users are disabled, never deleted.
    expect(unindexed).toEqual([{ name: 'manifests_pushed_by_fkey' }]);
  });
});

describe('createPrisma', () => {
  it('opens sessions with their limits', async () => {
    const prisma = createPrisma(database.url, { poolSize: 1 });
    try {
      const settings = await prisma.$queryRaw`
        SELECT name, current_setting(name) AS value FROM unnest(ARRAY['statement_timeout', 'lock_timeout',
          'idle_in_transaction_session_timeout', 'search_path', 'transaction_isolation', 'application_name']) AS name`;
      expect(settings).toEqual([
        { name: 'statement_timeout', value: '5s' },
        { name: 'lock_timeout', value: '2s' },
        { name: 'idle_in_transaction_session_timeout', value: '10s' },
        { name: 'search_path', value: 'public' },
        { name: 'transaction_isolation', value: 'read committed' },
        { name: 'application_name', value: 'berth' },
      ]);
    } finally {
      await prisma.$disconnect();
    }
  });

  it('reads and writes what SQL wrote and reads', async () => {
    await applyMigrations(database.url, OURS);
    const prisma = createPrisma(database.url, { poolSize: 2 });
    try {
      const user = await prisma.user.create({ data: { login: 'Ada', loginKey: 'ada' } });
      const namespace = await prisma.namespace.create({
        data: { path: 'ada', login: 'Ada', kind: 'user', userId: user.id },
      });
      const { id: packageId } = await prisma.package.create({ data: { namespaceId: namespace.id } });
      const bytes = Buffer.from('{"annotations":{"a":"\\u0000"}}');
      const manifest = await prisma.manifest.create({
        data: {
          packageId,
          digest: `sha256:${'0'.repeat(64)}`,
          mediaType: 'application/vnd.oci.image.manifest.v1+json',
          class: 'other',
          bytes,
          size: bytes.length,
          annotations: { a: '\u0000', b: '\ud800' },
          deletedTags: ['latest'],
        },
      });
      const [row] = await database.sql('SELECT bytes, annotations, deleted_tags, review_at FROM manifests');
      expect(row).toEqual({
        bytes,
        annotations: manifest.annotations,
        deleted_tags: ['latest'],
        review_at: null,
      });
      expect(await prisma.manifest.findMany({ include: { tags: true, package: true } })).toMatchObject([
        { digest: manifest.digest, tags: [], package: { visibility: 'private', accessVersion: 1n } },
      ]);
    } finally {
      await prisma.$disconnect();
    }
  });
});
