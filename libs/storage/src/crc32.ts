import { crc32 } from 'node:zlib';

/** CRC-32 of bytes in several chunks. */
export const crc32Of = (chunks: readonly Uint8Array[]): number =>
  chunks.reduce((value, chunk) => crc32(chunk, value), 0);

/**
 * CRC-32 of two byte strings one after the other, from the CRC-32 of each and the length of the second: what S3 checks for a
 * whole object, made from what was computed for its parts. A CRC is linear over GF(2): the first one is moved on by
 * `length` zero bytes, by squaring the operator "one zero bit more", and added.
 */
export function crc32Combine(first: number, second: number, length: number): number {
  let moved = first;
  let operator = squared(squared(squared(ONE_ZERO_BIT))); // one zero byte
  for (let rest = length; rest > 0; rest = Math.floor(rest / 2)) {
    if (rest % 2 === 1) moved = times(operator, moved);
    operator = squared(operator);
  }
  return (moved ^ second) >>> 0;
}

/** A 32 by 32 matrix over GF(2), column by column. */
type Operator = readonly number[];

/** The reflected polynomial of IEEE 802.3, then a shift by one. */
const ONE_ZERO_BIT: Operator = [0xedb88320, ...Array.from({ length: 31 }, (_, bit) => 2 ** bit)];

function times(operator: Operator, vector: number): number {
  let sum = 0;
  for (let bit = 0, rest = vector >>> 0; rest !== 0; bit++, rest >>>= 1) if (rest & 1) sum ^= operator[bit] ?? 0;
  return sum >>> 0;
}

const squared = (operator: Operator): Operator => operator.map((column) => times(operator, column));

/** As S3 writes it: four bytes, most significant first, in base64. */
export function crc32Header(value: number): string {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value >>> 0);
  return bytes.toString('base64');
}
