import type { Digest } from '#oci';
import type { ObjectKey } from './object-store.js';

/** On whose behalf a batch is collected. */
export interface GcPass {
  /** The run that counts it; undefined for what the schedule does. */
  runId: number | undefined;
  /** Seconds in place of BERTH_GC_GRACE; undefined for that. */
  grace: number | undefined;
  /** Does everything, counts it and takes it back. */
  isDryRun: boolean;
}

/** Rows that are due, in the order of their marks. `next` goes on after them; undefined when nothing follows. */
export interface DueRows<T> {
  rows: T[];
  next: string | undefined;
}

export interface DueManifest {
  id: number;
  packageId: number;
}

/** A link of a package to a blob. */
export interface LinkKey {
  packageId: number;
  digest: Digest;
}

/** An object whose row is gone and whose time has come. */
export interface DueDeletion {
  objectKey: ObjectKey;
  /** A multipart upload to abort first; empty: whatever is open under the key. */
  uploadId: string | undefined;
}

/**
 * What the worker collects, by the marks of those who let go (data-model.md, "Operations"). Each method is one transaction
 * over at most a few hundred rows, safe to repeat and to run in several workers at once. Methods that find change nothing,
 * and whoever collects looks again under the lock: between the two everything may have changed.
 */
export abstract class Garbage {
  /** Live manifests whose `review_at` has come. */
  abstract findDueManifests(limit: number, after: string | undefined): Promise<DueRows<DueManifest>>;

  /**
   * Hides those of one package that nothing holds any more, for the restore window, and clears or moves the marks of the
   * rest. Answers how many were hidden.
   */
  abstract collectUntagged(packageId: number, ids: readonly number[], pass: GcPass): Promise<number>;

  /** Packages whose build caches may have outgrown their budget: one was pushed, or the instance's budget is another. */
  abstract findBuildCachesToLookAt(limit: number, after: string | undefined): Promise<DueRows<number>>;

  /**
   * Deletes build caches of one package for good, the least recently used first, until the rest fits into its budget, or a
   * batch of them. `isDone`: there is nothing more to do.
   */
  abstract evictBuildCaches(packageId: number, pass: GcPass): Promise<{ evicted: number; isDone: boolean }>;

  /** Deleted manifests whose restore window is over. */
  abstract findManifestsToPurge(limit: number, after: string | undefined): Promise<DueRows<DueManifest>>;

  /** Deletes them for good, with referrers that nothing else holds; answers how many went. */
  abstract purgeManifests(packageId: number, ids: readonly number[], pass: GcPass): Promise<number>;

  /** Deleted packages whose restore window is over. */
  abstract findPackagesToPurge(limit: number, after: string | undefined): Promise<DueRows<number>>;

  /** Deletes one batch of what such a package holds, the package itself last. `kept`: it was restored, or is gone. */
  abstract purgePackage(packageId: number, pass: GcPass): Promise<'more' | 'done' | 'kept'>;

  /** Links idle for longer than the grace. */
  abstract findIdleLinks(limit: number, after: string | undefined, pass: GcPass): Promise<DueRows<LinkKey>>;

  /**
   * Takes away those that no manifest uses, and clears the marks of the rest. Packages whose gate somebody passes are
   * left out and answered, unless `waits`: then it waits, and all links are of one package.
   */
  abstract collectLinks(links: readonly LinkKey[], waits: boolean, pass: GcPass): Promise<{ missed: LinkKey[] }>;

  /** Takes at most `limit` blobs that lost a link; those without any go, and their objects are queued. Answers how many it saw. */
  abstract collectBlobs(
    limit: number,
    after: string | undefined,
    pass: GcPass,
  ): Promise<{ looked: number; next: string | undefined }>;

  /**
   * Ends at most `limit` upload sessions whose time has passed, and queues their objects. Answers how many. With a grace of
   * its own, a pass ends those as well that had no request for so long and have none now.
   */
  abstract closeExpiredUploads(limit: number, pass: GcPass): Promise<number>;

  /** Takes at most `limit` due deletions; another claim sees them again only after a while. */
  abstract claimDeletions(limit: number): Promise<DueDeletion[]>;

  /** These objects are gone from storage. Those that a late writer may write again stay queued for a second time. */
  abstract confirmDeletions(keys: readonly ObjectKey[]): Promise<void>;

  /** Whether an object is still there whose time came before `before`. */
  abstract hasDeletionsDue(before: Date): Promise<boolean>;

  /**
   * Drops the oldest entries of the log, the oldest runs, and what those that ended remembered, at most `limit` of each. Answers
   * the most that went of one of them.
   */
  abstract trimHistory(limit: number): Promise<number>;

  /** Drops tombstones of more than 90 days, at most `limit`. Answers how many went. */
  abstract trimTombstones(limit: number): Promise<number>;
}
