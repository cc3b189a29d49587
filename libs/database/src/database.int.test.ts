import { afterAll, beforeAll, expect, it } from 'vitest';
import { createDatabase } from '../../../test/support/berth.js';
import { createPrisma, type Database, Prisma } from './database.js';

let server: Awaited<ReturnType<typeof createDatabase>>;
let database: Database;

beforeAll(async () => {
  server = await createDatabase();
  database = createPrisma(server.url, { poolSize: 2 });
  await database.$executeRaw`CREATE TABLE things AS SELECT n AS id, n * 2 AS twice FROM generate_series(1, 1000) n`;
  await database.$executeRaw`CREATE INDEX ON things (id)`;
}, 120_000);

afterAll(async () => {
  await database?.$disconnect();
  await server?.drop();
});

const findThings = (ids: number[]) =>
  database.lookUps.find(
    'find-things',
    Prisma.sql`SELECT twice FROM unnest(${ids}::int[]) AS asked(id) JOIN things USING (id)`,
  );

it('plans a look-up once, for short batches too', async () => {
  for (let n = 1; n <= 10; n++) expect(await findThings([n])).toEqual([{ twice: n * 2 }]);
  // One after the other, they all took the same connection; this one takes it too.
  const plans = await database.lookUps.find(
    'count-plans',
    Prisma.sql`SELECT generic_plans::int AS once, custom_plans::int AS anew FROM pg_prepared_statements
      WHERE name = 'find-things'`,
  );
  expect(plans).toEqual([{ once: 10, anew: 0 }]);
});

it('finds the rows of a look-up by an index, whatever the statistics say', async () => {
  const plan = await database.lookUps.find<{ 'QUERY PLAN': string }>(
    'explain-things',
    Prisma.sql`EXPLAIN SELECT twice FROM unnest(ARRAY[1, 2]) AS asked(id) JOIN things USING (id)`,
  );
  expect(plan.map((line) => line['QUERY PLAN']).join('\n')).toMatch(/Index Scan/);
});

it('leaves room for look-ups while all other connections wait', async () => {
  const busy = [1, 2].map(async () => database.$executeRaw`SELECT pg_sleep(2)`);
  expect(await Promise.race([findThings([5]), ...busy])).toEqual([{ twice: 10 }]);
  await Promise.all(busy);
});

it('ends the connections of look-ups with the others', async () => {
  const other = createPrisma(server.url, { poolSize: 1 });
  const ask = () => other.lookUps.find('pid', Prisma.sql`SELECT pg_backend_pid() AS pid`);
  const [row] = (await ask()) as Array<{ pid: number }>;
  await other.$disconnect();
  await expect(ask()).rejects.toThrow();
  await expect.poll(() => database.$queryRaw`SELECT 1 FROM pg_stat_activity WHERE pid = ${row?.pid}`).toEqual([]);
});

it('never compiles a plan, however costly it is taken to be', async () => {
  const plan = await database.$queryRaw<Array<{ 'QUERY PLAN': string }>>`
    EXPLAIN SELECT count(*) FROM generate_series(1, 100000000) a, generate_series(1, 100000000) b`;
  expect(plan.map((line) => line['QUERY PLAN']).join('\n')).not.toMatch(/JIT/);
});
