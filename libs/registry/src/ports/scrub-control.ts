import type { Digest, Page, PageRequest } from '#oci';
import type { Actor } from '../repository.js';
import type { ObjectKey } from './object-store.js';
import type { Damage } from './scrubbing.js';

/** Whether objects are hashed anew, and how fast. */
export interface ScrubSettings {
  mode: 'on' | 'off';
  /** Bytes a second, of all workers together. */
  pace: number;
}

/** One walk over all blobs. */
export interface ScrubPass {
  id: number;
  /** Undefined: by schedule. */
  requestedBy: string | undefined;
  startedAt: Date;
  finishedAt: Date | undefined;
  blobs: number;
  /** Hashed. */
  bytes: number;
  /** Blobs whose object was damaged or gone. */
  damaged: number;
  /** Blobs that counted as absent and are not. */
  healed: number;
}

/** A blob that counts as absent. */
export interface MissingBlob {
  id: number;
  digest: Digest;
  size: number;
  /** Where its bytes are, if any: they are kept until the blob is pushed again, or nothing holds it. */
  objectKey: ObjectKey;
  since: Date;
  /** Undefined: a read found no object, or one that was cut. */
  damage: Damage | undefined;
  /** Packages that hold it, at most ten, by name. */
  packages: string[];
}

/** The scrub as operators see and change it. Each method is one transaction. */
export abstract class ScrubControl {
  abstract settings(): Promise<ScrubSettings>;

  /** Holds before the next stretch of every worker. */
  abstract set(settings: ScrubSettings, operator: Actor): Promise<void>;

  /** Newest first; the last 50 are kept. */
  abstract passes(page: PageRequest): Promise<Page<ScrubPass>>;

  /** Begins a pass now, where none is under way. Answers the id of the one that is. */
  abstract start(operator: Actor): Promise<number>;

  /** Blobs that count as absent, whoever found it, by id. */
  abstract missing(page: PageRequest): Promise<Page<MissingBlob>>;
}
