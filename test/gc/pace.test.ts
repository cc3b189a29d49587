// The pace that operators set holds for all workers together, and a dry run keeps nobody out.
import { afterEach, beforeEach, expect, it } from 'vitest';
import { createPrisma } from '#database';
import { GcBrake, NoTraffic } from '#registry';
import { E, image } from '../support/client.js';
import { openRegistry, type TestRegistry } from './registry.js';

const NAME = 'acme/app';
const OPERATOR = { principal: 'user:1', userId: undefined, login: 'tester', isOverriding: true };

let registry: TestRegistry;

beforeEach(async () => {
  registry = await openRegistry({ untaggedAfter: 0 });
});

afterEach(async () => {
  await registry.close();
});

const setPace = (pace: number | undefined) =>
  registry.runs.changeControl({ mode: 'on', pace: pace ?? 'as fast as it goes' }, OPERATOR);

it('has workers wait for each other', async () => {
  await setPace(100);
  const workers = [new GcBrake(registry.runs, new NoTraffic()), new GcBrake(registry.runs, new NoTraffic())];
  const began = Date.now();
  const rows = 20;
  await Promise.all(
    workers.map(async (brake) => {
      for (let batch = 0; batch < 5; batch++) {
        await brake.pass();
        brake.owe(rows);
      }
      await brake.pass(); // pays for the last one
    }),
  );
  // 200 rows by two workers at 100 a second, each by itself would need one second.
  expect(Date.now() - began).toBeGreaterThan(1900);
});

it('costs what a batch took, not what it might have taken', async () => {
  await setPace(1);
  await registry.collect(); // of nothing
  expect((await registry.runs.spend(0)).waitMs).toBe(0);
  await registry.runs.spend(1_000_000);
  const { waitMs } = await registry.runs.spend(0);
  expect(waitMs).toBeGreaterThan(0);
  expect(waitMs, 'no batch makes others wait for longer').toBeLessThanOrEqual(30_000);
  await setPace(undefined);
  expect((await registry.runs.spend(0)).waitMs, 'at once').toBe(0);
});

it('lets a waiting worker go on when an operator takes the pace away', async () => {
  await setPace(1);
  await registry.runs.spend(1_000_000);
  const passed = new GcBrake(registry.runs, new NoTraffic()).pass();
  await setPace(undefined);
  await passed;
});

it('rehearses a dry run beside somebody who adds, and then takes the same for good', async () => {
  for (const blob of [E, Buffer.from('layer'), Buffer.from('unused')]) await registry.up(NAME, blob);
  await registry.put(NAME, image([Buffer.from('layer')]));
  const packageId = await registry.idOf(NAME);
  const other = createPrisma(registry.url, { poolSize: 1 });
  try {
    const dryRun = await other.$transaction(
      async (tx) => {
        // A push that takes its time: it holds the gate with others who add.
        await tx.$executeRaw`SELECT pg_advisory_xact_lock_shared(${0x62746867}::int, ${packageId}::int)`;
        return registry.collect(true);
      },
      { timeout: 60_000 },
    );
    const rehearsed = (await registry.runs.find(dryRun))?.counts;
    expect(rehearsed).toContainEqual(expect.objectContaining({ kind: 'untagged', count: 1 }));
    expect(rehearsed).toContainEqual(expect.objectContaining({ kind: 'links', count: 1 }));
    expect(await registry.has(NAME, image([Buffer.from('layer')])), 'it was taken back').toBe(true);
    const run = await registry.runs.find(await registry.collect());
    expect(run?.counts).toContainEqual(expect.objectContaining({ kind: 'untagged', count: 1 }));
  } finally {
    await other.$disconnect();
  }
});
