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

/**
 * What the SQL relies on, whatever the role or the database says. No compiling of plans (`jit`): every statement here looks at a
 * few hundred rows by indexes, but where statistics are missing the planner takes some for long ones, and compiling such a one
 * takes up to seconds, with a package's gate held.
 */
const SESSION = '-c search_path=public -c default_transaction_isolation=read\\ committed -c jit=off';

/** How long a request waits for a connection, a free one or a new one. */
const CONNECT_TIMEOUT_MS = 10_000;

/**
 * Statements that say so are planned once for each connection; their text never varies, so they stay few. They look up a batch of
 * keys, each by an index. Left to itself PostgreSQL plans them anew for every short batch, which takes longer than running them.
 */
const PREPARED = /^\/\* prepared: ([a-z-]+) \*\//;

/** One plan for batches of any size, the same on an empty database and on a full one: indexes, key by key. */
const PLANNED_ONCE =
  '-c plan_cache_mode=force_generic_plan -c enable_seqscan=off -c enable_hashjoin=off -c enable_mergejoin=off';

/** Twice as many as there are such statements: a batcher has two on the wire. */
const PREPARED_CONNECTIONS = 6;

/**
 * A client on pools of its own, which connect when first used: `poolSize` connections, and a few more for the look-ups of every
 * request, which so never wait behind writers. Parameters in the URL go before the settings here.
 */
export function createPrisma(url: string, { poolSize }: { poolSize: number }): Database {
  const pool = openPool(url, poolSize, SESSION);
  sendPreparedTo(openPool(url, PREPARED_CONNECTIONS, `${SESSION} ${PLANNED_ONCE}`), pool);
  const adapter = new PrismaPg(pool, {
    statementNameGenerator: ({ sql }) => PREPARED.exec(sql)?.[1] ?? '',
    disposeExternalPool: true,
  });
  return new PrismaClient({ adapter });
}

function openPool(connectionString: string, max: number, options: string): pg.Pool {
  const pool = new pg.Pool({
    connectionString,
    max,
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

/** Named statements outside of transactions take the other pool, which ends with this one. */
function sendPreparedTo(prepared: pg.Pool, pool: pg.Pool): void {
  const query = pool.query.bind(pool) as (config: pg.QueryConfig) => Promise<unknown>;
  const end = pool.end.bind(pool) as () => Promise<void>;
  const queryPrepared = prepared.query.bind(prepared) as typeof query;
  pool.query = ((config: pg.QueryConfig) => (config.name ? queryPrepared : query)(config)) as typeof pool.query;
  pool.end = (async () => {
    await Promise.all([end(), prepared.end()]);
  }) as typeof pool.end;
}
