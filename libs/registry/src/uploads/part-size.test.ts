import { expect, it } from 'vitest';
import { bytesOfPart, MAX_PART_BYTES, MIN_PART_BYTES } from './part-size.js';

it('grows from the smallest part to the largest', () => {
  expect([1, 1000, 1001, 2001, 3001, 10_000].map(bytesOfPart)).toEqual([
    MIN_PART_BYTES,
    MIN_PART_BYTES,
    2 * MIN_PART_BYTES,
    4 * MIN_PART_BYTES,
    MAX_PART_BYTES,
    MAX_PART_BYTES,
  ]);
});

it('reaches 490 GiB in the parts that an upload may have', () => {
  let bytes = 0;
  for (let number = 1; number <= 10_000; number++) bytes += bytesOfPart(number);
  expect(bytes).toBeGreaterThan(490 * 1024 ** 3);
});
