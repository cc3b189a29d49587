const MIB = 1024 * 1024;

/** Size of an upload's first parts. S3 asks for at least 5 MiB. */
export const MIN_PART_BYTES = 8 * MIB;

/** Upload buffers of the whole process: eight of the smallest parts at once. */
export const UPLOAD_BUFFER_BYTES = 64 * MIB;

/** The largest part, for uploads of terabytes. */
export const MAX_PART_BYTES = 1664 * MIB;

/** Parts of one size before the next ones are twice as large. */
const PARTS_OF_A_SIZE = 1000;

/**
 * Bytes of the part with this number, counted from 1. Parts grow, as an upload has 10,000 of them at most: small uploads
 * keep small buffers, and the largest object that S3 keeps, 5 TiB, can be reached without knowing the size beforehand.
 * Up to 117 GiB no part is larger than what all uploads together may hold.
 */
export function bytesOfPart(number: number): number {
  return Math.min(MAX_PART_BYTES, MIN_PART_BYTES * 2 ** Math.floor((number - 1) / PARTS_OF_A_SIZE));
}
