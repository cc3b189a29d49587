import { createHash, randomUUID } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import pg from 'pg';

/** The key that Prisma's `migrate deploy` locks as well: whoever migrates, by either way, does so alone. */
const PRISMA_LOCK = 72707369;

/** A migration that waits for a table holds up everybody behind it; it may set a longer wait of its own. */
const LOCK_TIMEOUT = '10s';

/** As Prisma makes it, so that its own commands find their way. */
const RECORDS = `
  CREATE TABLE IF NOT EXISTS _prisma_migrations (
    id                  varchar(36)  PRIMARY KEY NOT NULL,
    checksum            varchar(64)  NOT NULL,
    finished_at         timestamptz,
    migration_name      varchar(255) NOT NULL,
    logs                text,
    rolled_back_at      timestamptz,
    started_at          timestamptz  NOT NULL DEFAULT now(),
    applied_steps_count integer      NOT NULL DEFAULT 0
  )`;

interface Migration {
  name: string;
  sql: string;
  /** SHA-256 of the file, in hex. */
  checksum: string;
}

interface Recorded {
  name: string;
  checksum: string;
  isFinished: boolean;
}

/**
 * Applies the migrations that the database does not have yet, in the order of their names, and answers those names. Each file
 * is one transaction: it happened, with its record, or it did not. Processes that start at once wait for each other. A file
 * that fails leaves a record of why, as rolled back, and is tried again next time; migrations that only the database
 * knows are a newer Berth's and no concern of this one.
 * Errors: a migration that fails; one that was edited after it was applied; one that another tool left unfinished.
 */
export async function applyMigrations(connectionString: string, folder: string): Promise<string[]> {
  const migrations = await readMigrations(folder);
  const client = new pg.Client({ connectionString, application_name: 'berth migrate' });
  client.on('error', () => {}); // a connection lost between queries: the next query says so
  await client.connect();
  try {
    await alone(client, () => client.query(RECORDS));
    const applied: string[] = [];
    for (;;) {
      const name = await alone(client, () => applyNext(client, migrations)).catch((error) => explain(client, error));
      if (name === undefined) return applied;
      applied.push(name);
    }
  } finally {
    await client.end();
  }
}

async function readMigrations(folder: string): Promise<Migration[]> {
  const entries = await readdir(folder, { withFileTypes: true });
  const names = entries.filter((entry) => entry.isDirectory()).map((entry) => entry.name);
  return Promise.all(
    names.sort().map(async (name) => {
      const sql = await readFile(join(folder, name, 'migration.sql'), 'utf8');
      return { name, sql, checksum: createHash('sha256').update(sql).digest('hex') };
    }),
  );
}

/** Runs `work` in a transaction that no other migration, Prisma's included, runs beside. */
async function alone<T>(client: pg.Client, work: () => Promise<T>): Promise<T> {
  try {
    // Replicas wait here for as long as the first one migrates, whatever timeouts the role or the database has.
    await client.query(`
      BEGIN ISOLATION LEVEL READ COMMITTED;
      SET LOCAL search_path = public;
      SET LOCAL statement_timeout = 0;
      SET LOCAL lock_timeout = 0;
      SELECT pg_advisory_xact_lock(${PRISMA_LOCK})`);
    const result = await work();
    await client.query('COMMIT');
    return result;
  } catch (error) {
    await client.query('ROLLBACK').catch(() => {}); // on a lost connection the server rolls back by itself
    throw error;
  }
}

async function applyNext(client: pg.Client, migrations: Migration[]): Promise<string | undefined> {
  const recorded = await findRecorded(client);
  refuseUnfinished(recorded);
  refuseEdited(migrations, recorded);
  const next = migrations.find((migration) => !recorded.some((record) => record.name === migration.name));
  if (!next) return undefined;
  const id = randomUUID();
  await client.query(
    `INSERT INTO _prisma_migrations (id, checksum, migration_name, started_at) VALUES ($1, $2, $3, clock_timestamp())`,
    [id, next.checksum, next.name],
  );
  await client.query(`SET LOCAL lock_timeout = '${LOCK_TIMEOUT}'`);
  await client.query(next.sql).catch((cause) => {
    throw new FailedMigration(next, cause);
  });
  await client.query(
    `UPDATE public._prisma_migrations SET finished_at = clock_timestamp(), applied_steps_count = 1 WHERE id = $1`,
    [id],
  );
  return next.name;
}

async function findRecorded(client: pg.Client): Promise<Recorded[]> {
  const { rows } = await client.query<Recorded>(`
    SELECT migration_name AS name, checksum, finished_at IS NOT NULL AS "isFinished"
    FROM _prisma_migrations WHERE rolled_back_at IS NULL`);
  return rows;
}

/** Ours never look so, as their record commits with them: how far this one came is unknown. */
function refuseUnfinished(recorded: Recorded[]): void {
  const unfinished = recorded.find((record) => !record.isFinished);
  if (!unfinished) return;
  throw new Error(
    `migration ${unfinished.name} was begun by another tool and not finished; ` +
      'see what it changed, then mark it with `prisma migrate resolve`',
  );
}

function refuseEdited(migrations: Migration[], recorded: Recorded[]): void {
  const checksums = new Map(recorded.map((record) => [record.name, record.checksum]));
  const edited = migrations.filter(({ name, checksum }) => checksums.has(name) && checksums.get(name) !== checksum);
  if (edited.length === 0) return;
  const names = edited.map((migration) => migration.name).join(', ');
  throw new Error(`${names} changed after it was applied to this database: undo the edit and add a new migration`);
}

class FailedMigration extends Error {
  constructor(
    readonly migration: Migration,
    override readonly cause: Error & { position?: string },
  ) {
    const line = cause.position && migration.sql.slice(0, Number(cause.position)).split('\n').length;
    super(`migration ${migration.name} failed and was rolled back: ${line ? `line ${line}: ` : ''}${cause.message}`);
    this.name = 'FailedMigration';
  }
}

/** Leaves a record of a failure before passing it on. */
async function explain(client: pg.Client, error: unknown): Promise<never> {
  if (error instanceof FailedMigration) {
    const { name, checksum } = error.migration;
    await client
      .query(
        `INSERT INTO public._prisma_migrations (id, checksum, migration_name, logs, rolled_back_at)
         VALUES ($1, $2, $3, $4, now())`,
        [randomUUID(), checksum, name, error.message],
      )
      .catch(() => {}); // the failure itself matters more than its record
  }
  throw error;
}
