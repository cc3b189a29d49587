import type { Pool } from 'pg';
import { openPostgresQueues } from './postgres-queues.js';
import type { Queues } from './queues.js';
import { openRedisQueues } from './redis-queues.js';

/** Queues on Redis where there is one, else on PostgreSQL. `workers` is how many will wait for jobs. */
export async function openQueues(redisUrl: string | undefined, databaseUrl: string, workers: number): Promise<Queues> {
  if (redisUrl) return openRedisQueues(redisUrl);
  const pool = await openPostgresQueues(databaseUrl, workers);
  return { connection: pool as never, ping: () => pool.query('SELECT 1'), close: () => end(pool) };
}

/**
 * A worker that outlives its pool asks it again at once, for ever, and leaves no turn for timers or signals. So an ended pool
 * does not answer at all.
 */
async function end(pool: Pool): Promise<void> {
  const ending = pool.end();
  const never = () => new Promise<never>(() => undefined);
  Object.assign(pool, { connect: never, query: never });
  await ending;
}
