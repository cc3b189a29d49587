import type { DigestAlgorithm } from '#oci';
import type { ObjectKey } from './object-store.js';

/** How far an object has been hashed. */
export interface HashProgress {
  /** Bytes from the start. */
  offset: number;
  /** State of the hash after them; undefined at the start. */
  state: Uint8Array | undefined;
}

/**
 * Hashes objects where they are near, so that their bytes do not pass the gateway. One call does one stretch: who asks keeps
 * the progress in the database and goes on from there, in another process if need be. Safe to repeat.
 * Adapters: `LocalObjectHasher`, and RPC to the service that has it.
 */
export abstract class ObjectHasher {
  /**
   * Hashes at most `length` bytes on from `from`; fewer at the object's end, none after it.
   * Errors: `ObjectMissingError`.
   */
  abstract hash(key: ObjectKey, algorithm: DigestAlgorithm, from: HashProgress, length: number): Promise<HashProgress>;
}
