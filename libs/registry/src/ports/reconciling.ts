import type { Digest } from '#oci';
import type { ListedObject, ListedUpload, ObjectKey } from './object-store.js';

/** A run in the hands of a worker, and how far it is. */
export interface ReconcileClaim {
  id: number;
  isDryRun: boolean;
  phase: 'objects' | 'uploads';
  /** Key of the last object or upload that was looked at; empty at the start of a phase. */
  after: ObjectKey;
}

/** All that is listed after `after` up to `to`; undefined `to`: to the end. */
export interface ReconcilePage {
  after: ObjectKey;
  to: ObjectKey | undefined;
  listed: readonly ListedObject[];
}

/** An object that no row knows but, perhaps, a deletion that an earlier run queued. */
export interface StrayObject extends ListedObject {
  /** Undefined where nothing will delete it: a dry run found it. */
  deleteAt: Date | undefined;
  /** This look queued it. */
  isNew: boolean;
}

/** A blob whose object was not listed, or not in its size. */
export interface SuspectBlob {
  objectKey: ObjectKey;
  digest: Digest;
  size: number;
}

export interface LostBlob extends SuspectBlob {
  /** Size of its object; undefined when there is none. */
  found: number | undefined;
}

/** A multipart upload that no row knows. */
export interface StrayUpload extends ListedUpload {
  /** When it may be dropped: a day after its start. */
  deleteAt: Date;
  isDue: boolean;
}

/**
 * The comparison of the object store with the database: the worker's side of its runs. Each method is one transaction, safe
 * to repeat. What a page found is counted once, whoever repeats it.
 */
export abstract class Reconciling {
  /**
   * Takes the oldest run that waits, or whose worker gave no sign of life for a while; asks for one itself when the last by
   * schedule began a day ago. Undefined when there is none to do, or one is under way.
   */
  abstract claim(): Promise<ReconcileClaim | undefined>;

  /** The worker still has the run. */
  abstract keepAlive(id: number): Promise<void>;

  abstract finish(id: number, outcome: 'done' | { error: string }): Promise<void>;

  /** Gives the run back: another claim goes on where it is; after an error only a minute later. */
  abstract release(id: number, error: string | undefined): Promise<void>;

  /**
   * Compares one page. Objects that no row knows are queued for deletion, unless the run is dry, after a day or the backup
   * horizon, whichever is longer. `suspects` are blobs, older than the run, that were not listed in their size. Where they
   * are very many, the page is cut short: it ends at the `to` that is answered.
   */
  abstract compare(
    run: ReconcileClaim,
    page: ReconcilePage,
  ): Promise<{ to: ObjectKey | undefined; strays: StrayObject[]; suspects: SuspectBlob[] }>;

  /**
   * The page is done. Unless the run is dry, lost blobs count as absent from here on until somebody pushes them again; answers
   * how many did not before, undefined when another worker was quicker with the page or has the run.
   */
  abstract recordObjects(
    run: ReconcileClaim,
    page: ReconcilePage,
    found: { strays: readonly StrayObject[]; lost: readonly LostBlob[] },
  ): Promise<number | undefined>;

  /** Of these open multipart uploads those that no row knows. */
  abstract findStrayUploads(listed: readonly ListedUpload[]): Promise<StrayUpload[]>;

  /**
   * The page of so many uploads behind `after` is done; undefined `to`: it was the last. False when another worker was quicker
   * with it or has the run.
   */
  abstract recordUploads(
    run: ReconcileClaim,
    page: { after: ObjectKey; to: ObjectKey | undefined; count: number },
    strays: readonly StrayUpload[],
  ): Promise<boolean>;
}
