import { resolve } from 'node:path';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { createDatabase } from '../../../test/support/berth.js';
import { createPrisma, type Database } from './database.js';
import { applyMigrations } from './migrate.js';
import { PrismaTraffic } from './prisma-traffic.js';

let server: Awaited<ReturnType<typeof createDatabase>>;
let database: Database;

beforeAll(async () => {
  server = await createDatabase();
  await applyMigrations(server.url, resolve(import.meta.dirname, '../../../prisma/migrations'));
  database = createPrisma(server.url, { poolSize: 2 });
}, 120_000);

afterAll(async () => {
  await database?.$disconnect();
  await server?.drop();
});

it('tells every process of clients that one of them serves, until they are gone', async () => {
  const [gateway, worker] = [new PrismaTraffic(database), new PrismaTraffic(database)];
  expect(await worker.isThere()).toBe(false);
  gateway.note();
  await expect.poll(() => worker.isThere(), { interval: 5 }).toBe(true);
  await expect.poll(() => worker.isThere()).toBe(false);
  new PrismaTraffic(database).note(); // another process
  await expect.poll(() => worker.isThere(), { interval: 5 }).toBe(true);
});

it('writes twice a second at most, however many ask', () => {
  let written = 0;
  const counting = { $executeRaw: async () => ++written } as unknown as Database;
  const traffic = new PrismaTraffic(counting);
  const clock = vi.spyOn(performance, 'now');
  try {
    for (let ms = 1000; ms < 3000; ms++) {
      clock.mockReturnValue(ms);
      traffic.note();
    }
  } finally {
    clock.mockRestore();
  }
  expect(written).toBe(4);
});

it('costs a request nothing where the database is gone', async () => {
  const other = createPrisma('postgres://nobody@127.0.0.1:1/none', { poolSize: 1 });
  expect(new PrismaTraffic(other).note()).toBeUndefined();
  await other.$disconnect();
});
