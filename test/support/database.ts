import { randomBytes } from 'node:crypto';
import pg from 'pg';

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
