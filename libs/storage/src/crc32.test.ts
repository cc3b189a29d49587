import { randomBytes } from 'node:crypto';
import { crc32 } from 'node:zlib';
import { expect, it } from 'vitest';
import { crc32Combine, crc32Header, crc32Of } from './crc32.js';

it.each([0, 1, 2, 7, 255, 256, 65_537, 1_000_000])(
  'joins the CRC-32 of two strings, the second of %i bytes',
  (length) => {
    const [first, second] = [randomBytes(1000), randomBytes(length)];
    expect(crc32Combine(crc32(first), crc32(second), length)).toBe(crc32(Buffer.concat([first, second])));
  },
);

it('joins what is longer than 32 bits can count', () => {
  // A gigabyte of zeros, six times over: by doubling, and at once.
  const gigabyte = Array.from({ length: 30 }).reduce<number>(
    (zeros, _, i) => crc32Combine(zeros, zeros, 2 ** i),
    crc32(Buffer.alloc(1)),
  );
  let six = 0;
  for (let i = 0; i < 6; i++) six = crc32Combine(six, gigabyte, 2 ** 30);
  const two = crc32Combine(gigabyte, gigabyte, 2 ** 30);
  const four = crc32Combine(two, two, 2 ** 31);
  expect(six).toBe(crc32Combine(two, four, 2 ** 32));
});

it('takes chunks as one string, and writes the value as S3 does', () => {
  expect(crc32Of([Buffer.from('1234'), new Uint8Array(), Buffer.from('56789')])).toBe(0xcbf43926);
  expect(crc32Header(0xcbf43926)).toBe('y/Q5Jg==');
});
