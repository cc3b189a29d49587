import { z } from 'zod';
import { ObjectKeeper } from '#registry';
import { change, contract, look, repeatable } from './contract.js';
import { nothing, objectKey, storedPart } from './shapes.js';

/** The store joins ten thousand parts in minutes, and is asked again where its answer was lost. */
const COMPLETION_MS = 10 * 60_000;
/** Repeated by S3's own client where it fails. */
const STORE_MS = 2 * 60_000;

export const objectKeeper = contract(ObjectKeeper, {
  // A second upload under the key would be one that nobody knows.
  startMultipart: change([objectKey, z.boolean()], z.string(), { deadline: STORE_MS }),
  completeMultipart: repeatable([objectKey, z.string(), z.array(storedPart)], nothing, { deadline: COMPLETION_MS }),
  size: look([objectKey], z.int().optional(), { deadline: STORE_MS }),
});
