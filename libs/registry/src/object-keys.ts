import { randomBytes } from 'node:crypto';
import type { ObjectKey } from './ports/object-store.js';

/**
 * A name for a new object: 160 random bits, so that keys never repeat (a sequence would, after a restore) and spread over
 * all prefixes.
 */
export const newObjectKey = (): ObjectKey => randomBytes(20).toString('hex');
