import { expect, it } from 'vitest';
import { ANONYMOUS } from '#auth';
import type { Digest } from '#oci';
import { DownloadCounts, type Downloads } from '#registry';
import { DownloadCounter } from './download-counter.js';

const digest = (n: number): Digest => `sha256:${String(n).padStart(64, '0')}`;

class Counts extends DownloadCounts {
  readonly calls: Downloads[][] = [];
  failures = 0;

  override async add(downloads: readonly Downloads[]): Promise<void> {
    if (this.failures-- > 0) throw new Error('away');
    this.calls.push(structuredClone([...downloads]));
  }
}

it('gathers what is alike and keeps apart whose downloads they are', async () => {
  const counts = new Counts();
  const counter = new DownloadCounter(counts);
  counter.count(1, digest(1), ANONYMOUS);
  counter.count(1, digest(1), ANONYMOUS);
  counter.count(1, digest(1), { kind: 'user', userId: 7, tokenId: 8 });
  counter.count(2, digest(1), ANONYMOUS);
  await counter.beforeApplicationShutdown();
  expect(counts.calls.flat().map(({ packageId, tokenId, count }) => [packageId, tokenId, count])).toEqual([
    [1, undefined, 2],
    [1, 8, 1],
    [2, undefined, 1],
  ]);
});

it('sends what the database did not take once more, with what came meanwhile', async () => {
  const counts = new Counts();
  const counter = new DownloadCounter(counts);
  counter.count(1, digest(1), ANONYMOUS);
  counts.failures = 1;
  await counter.beforeApplicationShutdown();
  expect(counts.calls).toEqual([]);
  counter.count(1, digest(1), ANONYMOUS);
  await counter.beforeApplicationShutdown();
  expect(counts.calls.flat().map(({ count }) => count)).toEqual([2]);
});

it('is bounded, and sends in batches', async () => {
  const counts = new Counts();
  const counter = new DownloadCounter(counts);
  for (let i = 0; i < 51_000; i++) counter.count(1, digest(i), ANONYMOUS);
  await counter.beforeApplicationShutdown();
  expect(counts.calls.map((call) => call.length)).toEqual(Array(50).fill(1000));
});
