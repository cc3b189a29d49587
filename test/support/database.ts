import { randomBytes } from 'node:crypto';
import pg from 'pg';

/**
 * A database of its own on the PostgreSQL that BERTH_TEST_DATABASE_URL names. `copyOf`: URL of one that it is a copy of; whoever
 * is connected there loses the connection.
 */
export async function createDatabase(copyOf?: string) {
  const server = process.env.BERTH_TEST_DATABASE_URL;
  if (!server) throw new Error('BERTH_TEST_DATABASE_URL names no PostgreSQL: run the tests with `npm test`');
  const name = `berth_test_${randomBytes(8).toString('hex')}`;
  const url = new URL(server);
  const template = copyOf && new URL(copyOf).pathname.slice(1);
  if (template) {
    await query(server, 'SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1', [template]);
  }
  await query(server, `CREATE DATABASE ${name} ${template ? `TEMPLATE ${template}` : ''}`);
  url.pathname = `/${name}`;
  return {
    ...openDatabase(url.href),
    drop: async () => void (await query(server, `DROP DATABASE IF EXISTS ${name} WITH (FORCE)`)),
  };
}

/** One that is there, and stays. */
export const openDatabase = (url: string) => ({
  url,
  sql: <T extends pg.QueryResultRow>(text: string, values?: unknown[]) => query<T>(url, text, values),
  drop: async (): Promise<void> => undefined,
});

async function query<T extends pg.QueryResultRow>(url: string, text: string, values?: unknown[]): Promise<T[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query<T>(text, values)).rows;
  } finally {
    await client.end();
  }
}
