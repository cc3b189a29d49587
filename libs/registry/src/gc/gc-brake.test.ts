import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import type { GcRuns } from '../ports/gc-runs.js';
import { NoTraffic, type Traffic } from '../ports/traffic.js';
import { GcBrake } from './gc-brake.js';

const CLIENTS: Traffic = Object.assign(new NoTraffic(), { isThere: async () => true });

const brakeIn = (traffic: Traffic) =>
  new GcBrake({ spend: async () => ({ mode: 'on', waitMs: 0 }) } as unknown as GcRuns, traffic);

/** Milliseconds until the next batch may begin, after one of 10 ms that took so many rows. */
async function restAfter(rows: number, traffic: Traffic): Promise<number> {
  const brake = brakeIn(traffic);
  await brake.pass();
  await sleep(10);
  brake.owe(rows);
  const began = performance.now();
  await brake.pass();
  return performance.now() - began;
}

it('rests after a batch where clients are there, and only then', async () => {
  const rest = await restAfter(1, CLIENTS);
  expect(rest).toBeGreaterThan(200);
  expect(await restAfter(0, CLIENTS)).toBeLessThan(rest);
  expect(await restAfter(1, new NoTraffic())).toBeLessThan(rest);
});

it('takes fewer rows at once where clients are there, from the next batch on', async () => {
  const brake = brakeIn(CLIENTS);
  expect(brake.rows(200)).toBe(200);
  await brake.pass();
  expect([200, 100, 1].map((most) => brake.rows(most))).toEqual([40, 20, 1]);
});

it('breaks off its rest where the process ends', async () => {
  const brake = brakeIn(CLIENTS);
  brake.owe(1);
  const passed = brake.pass();
  brake.end();
  await expect(passed).rejects.toThrow('the worker ends');
});
