import { setDefaultBackendFactory } from 'bullmq';
import { Redis } from 'ioredis';
import type { Queues } from './queues.js';

/** How soon Redis is tried again, at first and at most. */
const RETRY_MS = 100;
const MAX_RETRY_MS = 3000;

/** Queues on Redis. While it is away they wait and connect again; what it forgets is put back by `Schedules`. */
export function openRedisQueues(url: string): Queues {
  setDefaultBackendFactory(); // Redis is BullMQ's own default
  const connection = new Redis(url, {
    maxRetriesPerRequest: null, // BullMQ's workers wait for as long as it takes
    enableReadyCheck: true,
    retryStrategy: (attempt) => Math.min(MAX_RETRY_MS, attempt * RETRY_MS),
    connectionName: 'berth-queues',
  });
  connection.on('error', () => undefined); // BullMQ tells its queues and workers, whose errors are logged
  return {
    connection: connection as never,
    ping: () => connection.ping(),
    close: async () => connection.disconnect(),
  };
}
