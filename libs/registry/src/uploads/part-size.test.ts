import { expect, it } from 'vitest';
import { bytesOfPart, MAX_PART_BYTES, MIN_PART_BYTES, UPLOAD_BUFFER_BYTES } from './part-size.js';

const reach = (parts: number) => {
  let bytes = 0;
  for (let number = 1; number <= parts; number++) bytes += bytesOfPart(number);
  return bytes;
};

it('grows from the smallest part to the largest', () => {
  expect([1, 1000, 1001, 2001, 10_000].map(bytesOfPart)).toEqual([
    MIN_PART_BYTES,
    MIN_PART_BYTES,
    2 * MIN_PART_BYTES,
    4 * MIN_PART_BYTES,
    MAX_PART_BYTES,
  ]);
});

it('reaches 5 TiB in the parts that an upload may have, and fits the column of its size', () => {
  expect(reach(10_000)).toBeGreaterThan(5 * 1024 ** 4);
  expect(MAX_PART_BYTES).toBeLessThan(2 ** 31);
});

it('stays within the buffers of all uploads up to 117 GiB', () => {
  const within = Array.from({ length: 10_000 }, (_, i) => i + 1).filter((n) => bytesOfPart(n) <= UPLOAD_BUFFER_BYTES);
  expect(reach(within.length)).toBeGreaterThan(117 * 1024 ** 3);
});
