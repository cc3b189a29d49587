import { readdir, readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { PrismaPg } from '@prisma/adapter-pg';
import { bindMigrationAwareSqlAdapterFactory, ColumnTypeEnum } from '@prisma/driver-adapter-utils';
import { type DiffTarget, type MigrationList, SchemaEngine } from '@prisma/schema-engine-wasm';
import pg from 'pg';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { createDatabase } from '../../../test/support/berth.js';
import { applyMigrations } from './migrate.js';

// Prisma's own schema engine, the program behind `prisma migrate`, is asked whether schema.prisma and the migrations agree,
// and whether it takes our records for its own.

const PRISMA = resolve(import.meta.dirname, '../../../prisma');
const MIGRATIONS = resolve(PRISMA, 'migrations');
const NO_FILTERS = { externalTables: [], externalEnums: [] };

let database: Awaited<ReturnType<typeof createDatabase>>;
let pool: pg.Pool;

beforeEach(async () => {
  database = await createDatabase();
  pool = new PoolForEngine({ connectionString: database.url });
});

afterEach(async () => {
  await pool?.end();
  await database?.drop();
});

const CHAR = 18;
const CHAR_ARRAY = 1002;

/**
 * The catalogs have columns of type "char", which the adapter takes for unsupported. They travel as "char"[], which it knows,
 * and `adapterForEngine` turns them back.
 */
class PoolForEngine extends pg.Pool {
  override async query(...parameters: unknown[]): Promise<never> {
    const result = await (super.query as (...parameters: unknown[]) => Promise<pg.QueryResult>)(...parameters);
    for (const field of result.fields ?? []) if (field.dataTypeID === CHAR) field.dataTypeID = CHAR_ARRAY;
    return result as never;
  }
}

class AdapterForEngine extends PrismaPg {
  override async connect() {
    const adapter = await super.connect();
    const queryRaw = adapter.queryRaw.bind(adapter);
    adapter.queryRaw = async (query) => {
      const result = await queryRaw(query);
      const columnTypes = result.columnTypes.map((type) =>
        type === ColumnTypeEnum.CharacterArray ? ColumnTypeEnum.Character : type,
      );
      return { ...result, columnTypes };
    };
    // The adapter cuts a script at each semicolon, those in comments and function bodies too; Prisma's own connection does not.
    adapter.executeScript = async (script) => void (await pool.query(script));
    return adapter;
  }
}

async function readSchema() {
  return { path: 'schema.prisma', content: await readFile(resolve(PRISMA, 'schema.prisma'), 'utf8') };
}

async function startEngine(): Promise<SchemaEngine> {
  const { path, content } = await readSchema();
  // The engine reports its panics here.
  Object.assign(globalThis, {
    PRISMA_WASM_PANIC_REGISTRY: { set_message: (message: string) => console.error(message) },
  });
  const factory = bindMigrationAwareSqlAdapterFactory(new AdapterForEngine(pool));
  return SchemaEngine.new({ datamodels: [[path, content]] }, () => {}, factory);
}

async function listMigrations(): Promise<MigrationList> {
  const entries = await readdir(MIGRATIONS, { withFileTypes: true });
  const names = entries.filter((entry) => entry.isDirectory()).map((entry) => entry.name);
  return {
    baseDir: MIGRATIONS,
    lockfile: {
      path: 'migration_lock.toml',
      content: await readFile(resolve(MIGRATIONS, 'migration_lock.toml'), 'utf8'),
    },
    shadowDbInitScript: '',
    migrationDirectories: await Promise.all(
      names.sort().map(async (path) => {
        const value = await readFile(resolve(MIGRATIONS, path, 'migration.sql'), 'utf8');
        return { path, migrationFile: { path: 'migration.sql', content: { tag: 'ok', value } } };
      }),
    ),
  };
}

/** The SQL that leads from the migrations' tables to those of schema.prisma, or the other way round. */
async function diff(direction: 'to schema' | 'to migrations'): Promise<string | null> {
  const engine = await startEngine();
  const files = [await readSchema()];
  const inDatabase: DiffTarget = { tag: 'schemaDatasource', files, configDir: PRISMA };
  const inSchema: DiffTarget = { tag: 'schemaDatamodel', files };
  const [from, to] = direction === 'to schema' ? [inDatabase, inSchema] : [inSchema, inDatabase];
  const { stdout } = await engine.diff({ from, to, script: true, exitCode: true, filters: NO_FILTERS });
  return stdout;
}

it('finds no difference between schema.prisma and the migrations', async () => {
  await applyMigrations(database.url, MIGRATIONS);
  expect(await diff('to schema')).toBe('-- This is an empty migration.\n');
  expect(await diff('to migrations')).toBe('-- This is an empty migration.\n');
});

it('would find one: a column, a condition of an index', async () => {
  await applyMigrations(database.url, MIGRATIONS);
  await database.sql('ALTER TABLE blobs ALTER COLUMN size TYPE integer');
  await database.sql('DROP INDEX blobs_idle_since_id_idx');
  await database.sql('CREATE INDEX blobs_idle_since_id_idx ON blobs (idle_since, id) WHERE idle_since IS NULL');
  const sql = await diff('to schema');
  expect(sql).toContain('ALTER TABLE "blobs" ALTER COLUMN "size" SET DATA TYPE BIGINT');
  expect(sql).toContain('CREATE INDEX "blobs_idle_since_id_idx"');
});

it('leaves nothing to do for prisma migrate deploy', async () => {
  await applyMigrations(database.url, MIGRATIONS);
  const engine = await startEngine();
  const migrationsList = await listMigrations();
  expect(
    await engine.diagnoseMigrationHistory({ migrationsList, optInToShadowDatabase: false, filters: NO_FILTERS }),
  ).toMatchObject({ editedMigrationNames: [], failedMigrationNames: [], hasMigrationsTable: true, history: null });
  expect(await engine.applyMigrations({ migrationsList, filters: NO_FILTERS })).toEqual({ appliedMigrationNames: [] });
});

it('goes on where prisma migrate deploy was, with the same table of records', async () => {
  const engine = await startEngine();
  const migrationsList = await listMigrations();
  const { appliedMigrationNames } = await engine.applyMigrations({ migrationsList, filters: NO_FILTERS });
  expect(appliedMigrationNames).toEqual(migrationsList.migrationDirectories.map((directory) => directory.path));
  expect(await applyMigrations(database.url, MIGRATIONS)).toEqual([]);

  const theirs = await describeRecords();
  await database.sql('DROP TABLE _prisma_migrations');
  await expect(applyMigrations(database.url, MIGRATIONS)).rejects.toThrow('already exists');
  expect(await describeRecords()).toEqual(theirs);
});

const describeRecords = () =>
  database.sql(`
    SELECT attname, format_type(atttypid, atttypmod), attnotnull, pg_get_expr(adbin, adrelid) AS default
    FROM pg_attribute LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum
    WHERE attrelid = '_prisma_migrations'::regclass AND attnum > 0 ORDER BY attnum`);
