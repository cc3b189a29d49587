import type { DirectPlan } from '../ports/direct-uploads.js';
import { MIN_PART_BYTES } from '../uploads/part-size.js';

const MIB = 1024 * 1024;
/** S3 takes so many parts of one upload. */
const MAX_PARTS = 10_000;
/** The largest object that S3 takes in one PUT. */
export const MAX_PUT_BYTES = 5 * 1024 * MIB;
/** The largest object that S3 keeps. */
export const MAX_OBJECT_BYTES = 5 * 1024 * 1024 * MIB;

/** Bytes of each part of an object of this size, in whole MiB: 8 MiB until 10,000 parts are too few. */
export function directPartSize(size: number): number {
  return Math.max(MIN_PART_BYTES, Math.ceil(size / MAX_PARTS / MIB) * MIB);
}

/** One request's share of an object. */
export interface DirectPart {
  number: number;
  offset: number;
  size: number;
}

/** How many requests bring the whole object. */
export const partCountOf = ({ size, partSize }: DirectPlan): number =>
  partSize === undefined ? 1 : Math.max(1, Math.ceil(size / partSize));

/** Parts from this number on, at most `limit` of them. */
export function directParts(plan: DirectPlan, from: number, limit: number): DirectPart[] {
  const partSize = plan.partSize ?? plan.size;
  const count = Math.max(0, Math.min(limit, partCountOf(plan) - from + 1));
  return Array.from({ length: count }, (_, i) => {
    const offset = (from - 1 + i) * partSize;
    return { number: from + i, offset, size: Math.min(partSize, plan.size - offset) };
  });
}
