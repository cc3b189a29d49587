import { z } from 'zod';
import { ObjectHasher } from '#registry';
import { contract, look } from './contract.js';
import { bytes, digestAlgorithm, objectKey } from './shapes.js';

const progress = z.object({ offset: z.int(), state: bytes.optional() });

/** A stretch of an object is read and hashed within one call. */
const STRETCH_MS = 5 * 60_000;

export const objectHasher = contract(ObjectHasher, {
  hash: look([objectKey, digestAlgorithm, progress, z.int()], progress, { deadline: STRETCH_MS }),
});
