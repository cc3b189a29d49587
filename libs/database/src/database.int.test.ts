import { afterAll, beforeAll, expect, it } from 'vitest';
import { createDatabase } from '../../../test/support/berth.js';
import { createPrisma, type Database } from './database.js';

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

it('plans a prepared statement once, for short batches too', async () => {
  for (let n = 1; n <= 10; n++) {
    const found = await database.$queryRaw`/* prepared: find-things */
      SELECT twice FROM unnest(${[n]}::int[]) AS asked(id) JOIN things USING (id)`;
    expect(found).toEqual([{ twice: n * 2 }]);
  }
  // One after the other, they all took the same connection; this one takes it too.
  const [plans] = await database.$queryRaw<unknown[]>`/* prepared: count-plans */
    SELECT generic_plans::int AS once, custom_plans::int AS anew FROM pg_prepared_statements WHERE name = 'find-things'`;
  expect(plans).toEqual({ once: 10, anew: 0 });
});

it('finds the rows of a prepared statement by an index, whatever the statistics say', async () => {
  const plan = await database.$queryRaw<Array<{ 'QUERY PLAN': string }>>`/* prepared: explain-things */
    EXPLAIN SELECT twice FROM unnest(ARRAY[1, 2]) AS asked(id) JOIN things USING (id)`;
  expect(plan.map((line) => line['QUERY PLAN']).join('\n')).toMatch(/Index Scan/);
});

it('leaves room for look-ups while all other connections wait', async () => {
  const busy = [1, 2].map(async () => database.$executeRaw`SELECT pg_sleep(2)`);
  const found = database.$queryRaw`/* prepared: find-thing */ SELECT twice FROM things WHERE id = ${5}`;
  expect(await Promise.race([found, ...busy])).toEqual([{ twice: 10 }]);
  await Promise.all(busy);
});

it('never compiles a plan, however costly it is taken to be', async () => {
  const plan = await database.$queryRaw<Array<{ 'QUERY PLAN': string }>>`
    EXPLAIN SELECT count(*) FROM generate_series(1, 100000000) a, generate_series(1, 100000000) b`;
  expect(plan.map((line) => line['QUERY PLAN']).join('\n')).not.toMatch(/JIT/);
});
