import type { Page, PageRequest } from '#oci';
import type { Actor } from '../repository.js';
import type { ObjectKey } from './object-store.js';

/** An object that the database let go of, and that is still to be deleted from the store. */
export interface WaitingDeletion {
  objectKey: ObjectKey;
  /** Bytes, where somebody knows. */
  size: number | undefined;
  /** Not deleted before. */
  notBefore: Date;
  /** Deleted once more then, as a late writer may write it again. */
  againAt: Date | undefined;
  /** It was deleted once, and waits for that second time. */
  isRepeat: boolean;
  /** Reconcile found it, and no row knew it. */
  isStray: boolean;
  /** The last time that somebody tried. */
  triedAt: Date | undefined;
  /** How often that was not confirmed; an attempt under way counts. */
  tries: number;
}

/** What waits to be deleted from the store, as operators see it. Each method is one transaction. */
export abstract class WaitingDeletions {
  /** By the time before which they are not deleted: those that are overdue, and perhaps fail, come first. */
  abstract list(page: PageRequest): Promise<Page<WaitingDeletion>>;

  /**
   * Those that are due and were tried are tried again at once, not a minute later; at most 10,000. With a key that one only.
   * Answers how many.
   */
  abstract retry(objectKey: ObjectKey | undefined, operator: Actor): Promise<number>;
}
