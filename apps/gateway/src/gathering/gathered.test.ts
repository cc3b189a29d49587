import { expect, it } from 'vitest';
import { Gathered } from './gathered.js';

const onError = () => undefined;
const counter = (flush: (entries: Array<[string, number]>) => Promise<void>, limit = 10) =>
  new Gathered<number>({ limit, everyMs: 3_600_000, merge: (a, b) => a + b, flush, onError });

it('merges what comes again and writes it once', async () => {
  const written: unknown[] = [];
  const gathered = counter(async (entries) => void written.push(entries));
  for (const key of ['a', 'b', 'a']) gathered.add(key, 1);
  await gathered.flush();
  await gathered.stop();
  expect(written).toEqual([
    [
      ['a', 2],
      ['b', 1],
    ],
  ]);
});

it('keeps no more keys than it may, and counts those that it has', async () => {
  const written: unknown[] = [];
  const gathered = counter(async (entries) => void written.push(...entries), 2);
  for (const key of ['a', 'b', 'c', 'a']) gathered.add(key, 1);
  await gathered.stop();
  expect(written).toEqual([
    ['a', 2],
    ['b', 1],
  ]);
});

it('outlives a flush that fails, and writes what is left at the end', async () => {
  const written: string[] = [];
  let fails = true;
  const gathered = counter(async (entries) => {
    if (fails) throw new Error('the database is away');
    written.push(...entries.map(([key]) => key));
  });
  gathered.add('lost', 1);
  await gathered.flush();
  fails = false;
  gathered.add('kept', 1);
  await gathered.stop();
  expect(written).toEqual(['kept']);
});
