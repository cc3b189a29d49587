import type { ListedObject, ObjectKey } from './object-store.js';

/** A blob whose object was not listed, or not in its size. */
export interface SuspectBlob {
  objectKey: ObjectKey;
  size: number;
}

/** The comparison of the object store with the database. Each method is one transaction, safe to repeat. */
export abstract class Reconciling {
  /** Where the walk is: after this key; a new one begins when the last is over. */
  abstract begin(): Promise<ObjectKey>;

  /**
   * Compares one page, all that is listed after `after` up to `to` (undefined: to the end). Objects that no row knows are
   * queued for deletion, after a day and the backup horizon; answered are blobs, older than the walk, that were not listed in
   * their size. Moves nothing.
   */
  abstract compare(
    after: ObjectKey,
    to: ObjectKey | undefined,
    listed: readonly ListedObject[],
  ): Promise<{ unknown: number; suspects: SuspectBlob[] }>;

  /** These objects are not there, or not whole: their blobs count as absent until somebody pushes them again. */
  abstract markMissing(keys: readonly ObjectKey[]): Promise<number>;

  /** The page is done; undefined `to` ends the walk. */
  abstract advance(
    to: ObjectKey | undefined,
    found: { objects: number; unknown: number; missing: number },
  ): Promise<void>;
}
