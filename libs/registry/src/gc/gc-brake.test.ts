import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import type { GcRuns } from '../ports/gc-runs.js';
import { NoTraffic, type Traffic, UnseenTraffic } from '../ports/traffic.js';
import { GcBrake } from './gc-brake.js';

/** Milliseconds until the next batch may begin, after one of 30 ms that took so many rows. */
async function restAfter(rows: number, traffic: Traffic): Promise<number> {
  const brake = new GcBrake({ spend: async () => ({ mode: 'on', waitMs: 0 }) } as unknown as GcRuns, traffic);
  await brake.pass();
  await sleep(30);
  brake.owe(rows);
  const began = performance.now();
  await brake.pass();
  return performance.now() - began;
}

it('rests after a batch where others are served, and only then', async () => {
  const rest = await restAfter(1, new UnseenTraffic());
  expect(rest).toBeGreaterThan(15);
  expect(await restAfter(0, new UnseenTraffic())).toBeLessThan(rest);
  expect(await restAfter(1, new NoTraffic())).toBeLessThan(rest);
});

it('takes fewer rows at once where traffic leaves less room, from the next batch on', async () => {
  const room = { share: 1 / 5, rest: 0, maxRestMs: 0 };
  const brake = new GcBrake({ spend: async () => ({ mode: 'on', waitMs: 0 }) } as unknown as GcRuns, {
    room: () => room,
  });
  expect(brake.rows(200)).toBe(200);
  await brake.pass();
  expect([200, 100, 1].map((most) => brake.rows(most))).toEqual([40, 20, 1]);
});

it('breaks off its rest where the process ends', async () => {
  const brake = new GcBrake(
    { spend: async () => ({ mode: 'on', waitMs: 0 }) } as unknown as GcRuns,
    new UnseenTraffic(),
  );
  brake.owe(1);
  const passed = brake.pass();
  brake.end();
  await expect(passed).rejects.toThrow('the worker ends');
});
