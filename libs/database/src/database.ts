import { PrismaPg } from '@prisma/adapter-pg';
import pg from 'pg';
import { Prisma, PrismaClient } from './generated/client.js';
import { LookUps } from './look-ups.js';

export { Prisma };
export type Database = PrismaClient & { readonly lookUps: LookUps };

/**
 * Limits of every session, in milliseconds; a job that needs longer says so with SET LOCAL. The gates of packages are
 * advisory locks, so `lock_timeout` bounds the wait at a gate too: whoever holds one works in short batches.
 */
const TIMEOUTS = { statement_timeout: 5_000, lock_timeout: 2_000, idle_in_transaction_session_timeout: 10_000 };

/**
 * What the SQL relies on, whatever the role or the database says. No compiling of plans (`jit`): every statement here looks at a
 * few hundred rows by indexes, but where statistics are missing the planner takes some for long ones, and compiling such a one
 * takes up to seconds, with a package's gate held.
 */
const SESSION = '-c search_path=public -c default_transaction_isolation=read\\ committed -c jit=off';

/** How long a request waits for a connection, a free one or a new one. */
const CONNECT_TIMEOUT_MS = 10_000;

/** One plan for batches of any size, the same on an empty database and on a full one: indexes, key by key. */
const PLANNED_ONCE =
  '-c plan_cache_mode=force_generic_plan -c enable_seqscan=off -c enable_hashjoin=off -c enable_mergejoin=off';

/**
 * Two for each of the statements, as a batcher has two on the wire. They stay: making one and planning its first statements takes
 * longer than any look-up may. Whatever stands between must not forget those that rest.
 */
const LOOK_UP_POOL = { max: 8, idleTimeoutMillis: 0, keepAlive: true, keepAliveInitialDelayMillis: 10_000 };

/**
 * A client on connections of its own, which are made when first used: `poolSize`, and a few more for `lookUps`. Parameters in the
 * URL go before the settings here. `$disconnect` ends all of them.
 */
export function createPrisma(url: string, { poolSize }: { poolSize: number }): Database {
  const pool = openPool(url, SESSION, { max: poolSize });
  const lookUps = new LookUps(openPool(url, `${SESSION} ${PLANNED_ONCE}`, LOOK_UP_POOL));
  const client = new PrismaClient({ adapter: new PrismaPg(pool, { disposeExternalPool: true }) });
  const disconnect = client.$disconnect.bind(client);
  return Object.assign(client, {
    lookUps,
    $disconnect: async () => {
      await Promise.all([disconnect(), lookUps.close()]);
    },
  });
}

function openPool(connectionString: string, options: string, size: pg.PoolConfig): pg.Pool {
  const pool = new pg.Pool({
    connectionString,
    ...size,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    application_name: 'berth',
    options,
    ...TIMEOUTS,
  });
  // A connection that the server ends while it goes from one request to the next has nobody who listens, and an error that
  // nobody listens to ends the process. Whoever uses it next is told.
  pool.on('connect', (client) => client.on('error', () => undefined));
  pool.on('error', () => undefined); // the same, of one that waits in the pool
  return pool;
}
