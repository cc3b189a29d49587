import type { Digest } from '#oci';
import type { HashProgress } from './object-hasher.js';
import type { ObjectKey } from './object-store.js';

/** A blob whose object is to be hashed. */
export interface BlobToScrub {
  id: bigint;
  digest: Digest;
  size: number;
  objectKey: ObjectKey;
  /** It counts as absent: whole after all, it does no longer. */
  isMissing: boolean;
}

/** What comes next, in the order of ids. */
export interface ScrubStep {
  passId: number;
  /** Bytes a second. */
  pace: number;
  /** None: the pass is through. */
  blobs: BlobToScrub[];
  /** How far the first of them was hashed. */
  progress: HashProgress;
}

/** What is wrong with an object: it is not there, of another size, of other bytes, or its disk cannot read it. */
export const DAMAGES = ['gone', 'size', 'digest', 'unreadable'] as const;
export type Damage = (typeof DAMAGES)[number];

/** A blob that was looked at whole; `damage` undefined: its object is as it should be. */
export interface ScrubbedBlob extends BlobToScrub {
  damage: Damage | undefined;
}

/** The worker's side of the scrub. One worker at a time has it; each method is one transaction. */
export abstract class Scrubbing {
  /**
   * Takes or keeps the scrub for this worker, and begins a pass where one is due: a week after the last one began, or when an
   * operator asks. At most `limit` blobs. Undefined: it is off, another worker has it, or nothing is due.
   */
  abstract next(worker: string, limit: number): Promise<ScrubStep | undefined>;

  /**
   * These blobs are done, counted and, where damaged, absent from here on, until somebody pushes them again; those that were
   * absent and are whole no longer are. An object that has been replaced meanwhile changes nothing. `bytes`: hashed since the last
   * record. Answers how many were damaged and not known to be, and how many healed; undefined: another worker has the scrub.
   */
  abstract record(
    worker: string,
    done: readonly ScrubbedBlob[],
    bytes: number,
  ): Promise<{ damaged: number; healed: number } | undefined>;

  /** The object of this key is hashed so far. False: another worker has the scrub. */
  abstract recordProgress(
    worker: string,
    objectKey: ObjectKey,
    progress: HashProgress,
    bytes: number,
  ): Promise<boolean>;

  /** Every blob was looked at. */
  abstract finish(worker: string): Promise<void>;

  /** Another worker may go on at once. */
  abstract release(worker: string): Promise<void>;
}
