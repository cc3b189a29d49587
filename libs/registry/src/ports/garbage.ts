import type { ObjectKey } from './object-store.js';

/** An object whose row is gone and whose time has come. */
export interface DueDeletion {
  objectKey: ObjectKey;
  /** A multipart upload to abort first; empty: whatever is open under the key. */
  uploadId: string | undefined;
}

/** What the worker collects. Each method is one transaction, safe to repeat and to run in several workers at once. */
export abstract class Garbage {
  /** Ends at most `limit` upload sessions whose time has passed, and queues their objects. Answers how many. */
  abstract closeExpiredUploads(limit: number): Promise<number>;

  /** Takes at most `limit` due deletions; another claim sees them again only after a while. */
  abstract claimDeletions(limit: number): Promise<DueDeletion[]>;

  /** These objects are gone from storage. Those that a late writer may write again stay queued for a second time. */
  abstract confirmDeletions(keys: readonly ObjectKey[]): Promise<void>;
}
