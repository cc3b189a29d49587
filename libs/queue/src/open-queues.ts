import { openPostgresQueues } from './postgres-queues.js';
import type { Queues } from './queues.js';
import { openRedisQueues } from './redis-queues.js';

/** Queues on Redis where there is one, else on PostgreSQL. `workers` is how many will wait for jobs. */
export async function openQueues(redisUrl: string | undefined, databaseUrl: string, workers: number): Promise<Queues> {
  return redisUrl ? openRedisQueues(redisUrl) : openPostgresQueues(databaseUrl, workers);
}
