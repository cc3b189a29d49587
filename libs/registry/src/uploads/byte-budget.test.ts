import { beforeEach, expect, it } from 'vitest';
import { ByteBudget } from './byte-budget.js';

let budget: ByteBudget;
/** Who was granted what they asked for, in order. */
let granted: string[];
beforeEach(() => {
  budget = new ByteBudget(100);
  granted = [];
});

async function reserve(who: string, bytes: number): Promise<() => void> {
  const release = await budget.reserve(bytes);
  granted.push(who);
  return release;
}

const settle = () => new Promise((resolve) => setImmediate(resolve));

it('gives what is free at once', async () => {
  await Promise.all([reserve('a', 60), reserve('b', 40), reserve('c', 0)]);
  expect(granted).toEqual(['a', 'b', 'c']);
  expect(budget.isContended).toBe(false);
});

it('lets the next one wait until enough was given back', async () => {
  const [a, b] = await Promise.all([reserve('a', 60), reserve('b', 40)]);
  void reserve('c', 70);
  await settle();
  expect(granted).toEqual(['a', 'b']);
  expect(budget.isContended).toBe(true);
  a();
  await settle();
  expect(granted).toEqual(['a', 'b']);
  b();
  await settle();
  expect(granted).toEqual(['a', 'b', 'c']);
  expect(budget.isContended).toBe(false);
});

it('serves first who came first, even where a later one would fit', async () => {
  const a = await reserve('a', 90);
  void reserve('large', 50);
  void reserve('small', 10);
  await settle();
  expect(granted).toEqual(['a']);
  a();
  await settle();
  expect(granted).toEqual(['a', 'large', 'small']);
});

it('takes one return once', async () => {
  const a = await reserve('a', 100);
  a();
  a();
  await reserve('b', 100);
  void reserve('c', 1);
  await settle();
  expect(granted).toEqual(['a', 'b']);
});

it('gives more than there is to one alone', async () => {
  const small = await reserve('small', 1);
  const huge = reserve('huge', 1000);
  void reserve('next', 1);
  await settle();
  expect(granted).toEqual(['small']);
  small();
  const release = await huge;
  await settle();
  expect(granted).toEqual(['small', 'huge']);
  release();
  await settle();
  expect(granted).toEqual(['small', 'huge', 'next']);
});

it('never gives out more than there is, and gives out all in the end', async () => {
  let held = 0;
  let most = 0;
  const worker = async (seed: number) => {
    for (let i = 0; i < 20; i++) {
      const bytes = (seed * 37 + i * 53) % 101;
      const release = await budget.reserve(bytes);
      held += bytes;
      most = Math.max(most, held);
      await settle();
      held -= bytes;
      release();
    }
  };
  await Promise.all(Array.from({ length: 30 }, (_, seed) => worker(seed)));
  expect(held).toBe(0);
  expect(most).toBeGreaterThan(50);
  expect(most).toBeLessThanOrEqual(100);
  await reserve('all', 100);
});
