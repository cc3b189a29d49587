const MIB = 1024 * 1024;

/** Size of an upload's first parts. S3 asks for at least 5 MiB. */
export const MIN_PART_BYTES = 8 * MIB;

/** The largest part: what the process may hold of uploads must have room for one. */
export const MAX_PART_BYTES = 64 * MIB;

/** Parts of one size before the next ones are twice as large. */
const PARTS_OF_A_SIZE = 1000;

/**
 * Bytes of the part with this number, counted from 1. Parts grow, as an upload has 10,000 of them at most: small uploads
 * keep small buffers, and large ones reach 490 GiB.
 */
export function bytesOfPart(number: number): number {
  return Math.min(MAX_PART_BYTES, MIN_PART_BYTES * 2 ** Math.floor((number - 1) / PARTS_OF_A_SIZE));
}
