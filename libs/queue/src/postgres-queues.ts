import { createPostgresBackend, runMigrations, setDefaultBackendFactory } from 'bullmq';
import pg from 'pg';
import { PatientPool } from './patient-pool.js';
import type { Queues } from './queues.js';

const SCHEMA = 'bullmq';

/**
 * Puts BullMQ's queues into PostgreSQL, in a schema of their own, behind one pool for all of them (a pool for each queue
 * runs out of connections). Not through a transaction pooler: waiting for jobs uses LISTEN.
 */
export async function openPostgresQueues(databaseUrl: string, workers: number): Promise<Queues> {
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  try {
    await runMigrations(client, SCHEMA);
  } finally {
    await client.end();
  }
  setDefaultBackendFactory(createPostgresBackend);
  const options = `-c search_path=${SCHEMA}`;
  const pool = new PatientPool({ connectionString: databaseUrl, options, max: workers + 4 });
  pool.on('error', () => undefined); // an idle connection that broke is replaced by the next query
  pool.on('connect', (connection) => connection.on('error', () => undefined)); // and so is one that broke in somebody's hands
  pool.setMaxListeners(0); // each queue and each worker listens, too: Node would take them for a leak
  return { connection: pool as never, ping: () => pool.ping(), close: () => pool.end() };
}
