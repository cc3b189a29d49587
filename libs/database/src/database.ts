import { PrismaPg } from '@prisma/adapter-pg';
import pg from 'pg';
import { Prisma, PrismaClient } from './generated/client.js';

export { Prisma };
export type Database = PrismaClient;

/**
 * Limits of every session, in milliseconds; a job that needs longer says so with SET LOCAL. The gates of packages are
 * advisory locks, so `lock_timeout` bounds the wait at a gate too: whoever holds one works in short batches.
 */
const TIMEOUTS = { statement_timeout: 5_000, lock_timeout: 2_000, idle_in_transaction_session_timeout: 10_000 };

/** What the SQL relies on, whatever the role or the database says. */
const SESSION = '-c search_path=public -c default_transaction_isolation=read\\ committed';

/** How long a request waits for a connection, a free one or a new one. */
const CONNECT_TIMEOUT_MS = 10_000;

/** Statements that say so are planned once for each connection; their text never varies, so they stay few. */
const PREPARED = /^\/\* prepared: ([a-z-]+) \*\//;

/** A client on a pool of its own, which connects when first used. Parameters in the URL go before the settings here. */
export function createPrisma(url: string, { poolSize }: { poolSize: number }): Database {
  const pool = new pg.Pool({
    connectionString: url,
    max: poolSize,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    application_name: 'berth',
    options: SESSION,
    ...TIMEOUTS,
  });
  // A connection that the server ends while it goes from one request to the next has nobody who listens, and an error that
  // nobody listens to ends the process. Whoever uses it next is told.
  pool.on('connect', (client) => client.on('error', () => undefined));
  const adapter = new PrismaPg(pool, {
    statementNameGenerator: ({ sql }) => PREPARED.exec(sql)?.[1] ?? '',
    disposeExternalPool: true,
  });
  return new PrismaClient({ adapter });
}
