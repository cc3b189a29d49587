import type { Digest, Page, PageRequest } from '#oci';
import type { Actor } from '../repository.js';
import type { ObjectKey } from './object-store.js';

/** What a comparison of the object store with the database tells of. */
export const FINDING_KINDS = ['unknown_object', 'missing', 'wrong_size', 'stray_upload'] as const;
export type FindingKind = (typeof FINDING_KINDS)[number];

export interface ReconcileRun {
  id: number;
  state: 'queued' | 'running' | 'done' | 'failed';
  /** Reports only: marks nothing, queues nothing. */
  isDryRun: boolean;
  /** Undefined: by schedule. */
  requestedBy: string | undefined;
  createdAt: Date;
  startedAt: Date | undefined;
  finishedAt: Date | undefined;
  /** Why it failed, or what it is waiting out. */
  error: string | undefined;
  /** How much of the object store was looked at, from 0 to 1: keys are random, so the last one tells. */
  progress: number;
  objects: number;
  bytes: number;
  unknownObjects: number;
  unknownBytes: number;
  /** Blobs whose object is not there. */
  missing: number;
  /** Blobs whose object is of another size. */
  wrongSize: number;
  /** Open multipart uploads, and those among them that no row knows. */
  uploads: number;
  strayUploads: number;
  /** Findings that are kept; more are only counted. */
  kept: number;
}

export interface ReconcileFinding {
  id: number;
  kind: FindingKind;
  objectKey: ObjectKey;
  /** Of the blob. */
  digest: Digest | undefined;
  /** Bytes in the store; undefined where nothing is there, or nobody knows. */
  size: number | undefined;
  /** Bytes of the blob. */
  expectedSize: number | undefined;
  /** When what nobody knows is deleted; undefined where this run deletes nothing. */
  deleteAt: Date | undefined;
  /** Packages that hold the blob now, at most ten, by name. */
  packages: string[];
}

/** Comparisons of the object store with the database, as operators ask for them. Each method is one transaction. */
export abstract class ReconcileRuns {
  /** Asks for a run; a worker takes it up. Answers its id. */
  abstract start(isDryRun: boolean, operator: Actor): Promise<number>;

  abstract find(id: number): Promise<ReconcileRun | undefined>;

  /** Newest first; the last 50 are kept. */
  abstract list(page: PageRequest): Promise<Page<ReconcileRun>>;

  /** What a run found, in the order of finding; the first 10,000 are kept. `kind` undefined: all. */
  abstract findings(runId: number, kind: FindingKind | undefined, page: PageRequest): Promise<Page<ReconcileFinding>>;
}
