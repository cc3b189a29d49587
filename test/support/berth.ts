import { randomBytes } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { portOf, startProcess } from './process.js';

export const ADMIN_TOKEN = 'an-administrator-token-for-tests';

/** A Berth of a test's own: the compiled program in a process, on a free port, with a database and a folder of its own. */
export interface TestBerth {
  /** `http://127.0.0.1:PORT` */
  url: string;
  /** The URL's authority. */
  host: string;
  port: number;
  /** Its folder, BERTH_DATA_DIR. */
  folder: string;
  adminToken: string;
  /** Its database, for a second process on the same one. */
  databaseUrl: string;
  /** Everything the process wrote to stderr. */
  log(): string;
  pid: number;
  /** Ends the process at once, as a crash does. */
  kill(): Promise<void>;
  /** SIGTERM; resolves with the exit code once it has ended. */
  terminate(): Promise<number | null>;
  /** Starts it again on the same data and port, with the same settings and these; ends it in order first if it runs. */
  restart(settings?: Record<string, string>): Promise<void>;
  /** Memory that the process holds; 0 where only Linux could tell. */
  residentBytes(): Promise<number>;
  /** SIGTERM, then its folder and database go. Answers the exit code. */
  stop(): Promise<number | null>;
  /** Runs SQL in its database. */
  sql<T extends pg.QueryResultRow>(text: string, values?: unknown[]): Promise<T[]>;
}

/** The deployment that BERTH_TEST_DEPLOYMENT names: all-in-one, or the services apart behind two gateways (`split`). */
export async function startBerth(settings: Record<string, string> = {}): Promise<TestBerth> {
  if (process.env.BERTH_TEST_DEPLOYMENT === 'split') return (await import('./split.js')).startSplit(settings);
  return startAllInOne(settings);
}

async function startAllInOne(settings: Record<string, string>): Promise<TestBerth> {
  const folder = await mkdtemp(join(tmpdir(), 'berth-test-'));
  const database = await createDatabase();
  const environment = {
    ...process.env,
    BERTH_LISTEN: '127.0.0.1:0',
    BERTH_OPS_LISTEN: 'off',
    BERTH_DATA_DIR: folder,
    BERTH_DATABASE_URL: database.url,
    BERTH_ADMIN_TOKEN: ADMIN_TOKEN,
    BERTH_RATE_LIMITS: 'off',
    ...settings,
  };
  let running = startProcess('all-in-one', environment);
  const authority = await running.ready;
  const terminate = () => running.terminate();
  return {
    url: `http://${authority}`,
    host: authority,
    port: portOf(authority),
    folder,
    get pid() {
      return running.child.pid ?? 0;
    },
    adminToken: environment.BERTH_ADMIN_TOKEN,
    databaseUrl: environment.BERTH_DATABASE_URL,
    log: () => running.log.join('\n'),
    kill: () => running.kill(),
    terminate,
    restart: async (more = {}) => {
      await terminate();
      running = startProcess('all-in-one', { ...environment, BERTH_LISTEN: authority, ...more });
      await running.ready;
    },
    residentBytes: async () => {
      const status = await readFile(`/proc/${running.child.pid}/status`, 'utf8').catch(() => '');
      return Number(/VmRSS:\s+([0-9]+) kB/.exec(status)?.[1] ?? 0) * 1024;
    },
    stop: async () => {
      const code = await terminate();
      await database.drop();
      await rm(folder, { recursive: true, force: true });
      return code;
    },
    sql: database.sql,
  };
}

/** A database of its own on the PostgreSQL that BERTH_TEST_DATABASE_URL names. */
export async function createDatabase() {
  const server = process.env.BERTH_TEST_DATABASE_URL;
  if (!server) throw new Error('BERTH_TEST_DATABASE_URL names no PostgreSQL: run the tests with `npm test`');
  const name = `berth_test_${randomBytes(8).toString('hex')}`;
  const url = new URL(server);
  await query(server, `CREATE DATABASE ${name}`);
  url.pathname = `/${name}`;
  return {
    url: url.href,
    sql: <T extends pg.QueryResultRow>(text: string, values?: unknown[]) => query<T>(url.href, text, values),
    drop: async () => void (await query(server, `DROP DATABASE IF EXISTS ${name} WITH (FORCE)`)),
  };
}

async function query<T extends pg.QueryResultRow>(url: string, text: string, values?: unknown[]): Promise<T[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query<T>(text, values)).rows;
  } finally {
    await client.end();
  }
}
