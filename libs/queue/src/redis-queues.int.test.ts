import { randomBytes } from 'node:crypto';
import { Queue, Worker } from 'bullmq';
import { expect, test } from 'vitest';
import { openRedisQueues } from './redis-queues.js';

const url = process.env.BERTH_TEST_REDIS_URL;

test('what one process puts into a queue on Redis, another takes out', async ({ skip }) => {
  if (!url) return skip('there is no Redis to test with: install redis-server, or set BERTH_TEST_REDIS_URL');
  const [one, other] = [openRedisQueues(url), openRedisQueues(url)];
  const name = `test-${randomBytes(6).toString('hex')}`;
  const queue = new Queue(name, one);
  const { promise: taken, resolve } = Promise.withResolvers<unknown>();
  const worker = new Worker(name, async ({ data }) => resolve(data), other);
  try {
    expect(await one.ping()).toBe('PONG');
    await queue.add('job', { digest: 'sha256:1' });
    expect(await taken).toEqual({ digest: 'sha256:1' });
  } finally {
    await worker.close();
    await queue.obliterate({ force: true });
    await queue.close();
    await one.close();
    await other.close();
  }
});
