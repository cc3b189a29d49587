import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { Queue, Worker } from 'bullmq';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createDatabase } from '../../../test/support/database.js';
import { openPostgresQueues } from './postgres-queues.js';
import type { Queues } from './queues.js';

const ROLE = `berth_test_${randomBytes(6).toString('hex')}`;
let server: Awaited<ReturnType<typeof createDatabase>>;
let queues: Queues;

beforeAll(async () => {
  server = await createDatabase();
  await server.sql(`CREATE ROLE ${ROLE} LOGIN SUPERUSER PASSWORD 'secret'`);
  const url = new URL(server.url);
  [url.username, url.password] = [ROLE, 'secret'];
  queues = await openPostgresQueues(url.href, 1);
});

afterAll(async () => {
  await queues?.close();
  await server?.drop();
  const machine = await createDatabase();
  await machine.sql(`DROP ROLE IF EXISTS ${ROLE}`);
  await machine.drop();
});

it('waits for a database that takes nobody in, with turns left for others, and works when it does', async () => {
  // The limit of connections does not hold for superusers, whom the migrations of the queues needed.
  await server.sql(`ALTER ROLE ${ROLE} NOSUPERUSER CONNECTION LIMIT 0`);
  await server.sql(`GRANT ALL ON SCHEMA bullmq TO ${ROLE}`);
  await server.sql(`GRANT ALL ON ALL TABLES IN SCHEMA bullmq TO ${ROLE}`);
  await server.sql(`GRANT ALL ON ALL SEQUENCES IN SCHEMA bullmq TO ${ROLE}`);
  const { promise: taken, resolve } = Promise.withResolvers<unknown>();
  const worker = new Worker('looks', async ({ data }) => resolve(data), queues);
  const queue = new Queue('looks', queues);
  const errors: string[] = [];
  worker.on('error', ({ message }) => errors.push(message));
  queue.on('error', () => undefined);
  await expect.poll(() => errors.length).toBeGreaterThan(1);
  await sleep(100); // a timer: never, where the worker takes every turn
  expect(errors[0]).toMatch(/too many connections/);
  expect(errors.length).toBeLessThan(100);
  await expect(queues.ping()).rejects.toThrow(/too many connections/);

  await server.sql(`ALTER ROLE ${ROLE} CONNECTION LIMIT -1`);
  await queue.add('look', { at: 'once' });
  expect(await taken).toEqual({ at: 'once' });
  await worker.close();
  await queue.close();
});
