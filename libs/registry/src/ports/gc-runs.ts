import type { Digest, Page, PageRequest } from '#oci';
import type { Actor } from '../repository.js';
import type { FreedBytes } from './storage-figures.js';

/** Kinds of things that collection counts. */
export const GC_KINDS = [
  'retention',
  'untagged',
  'build_caches',
  'manifests',
  'packages',
  'links',
  'blobs',
  'uploads',
] as const;
export type GcKind = (typeof GC_KINDS)[number];

/** What a run does, one after the other: how far it is. */
export const GC_STEPS = [
  'retention',
  'untagged',
  'build_caches',
  'manifests',
  'uploads',
  'links',
  'blobs',
  'objects',
] as const;
export type GcStep = (typeof GC_STEPS)[number];

/** What operators ask of one run. */
export interface GcRequest {
  /** Seconds in place of BERTH_GC_GRACE. */
  grace: number | undefined;
  isDryRun: boolean;
}

/** What a run took away of one kind. */
export interface GcCount {
  kind: GcKind;
  count: number;
  bytes: number;
  /** What that frees of the whole registry, batch by batch; undefined for kinds of which it is not worked out. */
  freed: FreedBytes | undefined;
}

export interface GcRun extends GcRequest {
  id: number;
  state: 'queued' | 'running' | 'done' | 'failed';
  /** What it is at, or was last. */
  step: GcStep | undefined;
  requestedBy: string;
  createdAt: Date;
  startedAt: Date | undefined;
  finishedAt: Date | undefined;
  /** Why it failed. */
  error: string | undefined;
  counts: GcCount[];
}

/** One thing that was collected, and why. */
export interface GcEntry {
  id: number;
  at: Date;
  kind: GcKind;
  packageId: number | undefined;
  digest: Digest | undefined;
  bytes: number;
  reason: string;
}

/** Whether collection runs, and how fast: in the database, so that every worker sees it before its next batch. */
export interface GcControl {
  /** paused: runs wait. off: they end as failed. In both nothing is collected and no object deleted. */
  mode: 'on' | 'paused' | 'off';
  /** Rows a second of all workers together; undefined: as fast as it goes. */
  pace: number | undefined;
}

/** What operators change of it; undefined stays as it is. */
export interface GcControlChange {
  mode: GcControl['mode'] | undefined;
  pace: number | 'as fast as it goes' | undefined;
}

/** What the registry stores. */
export interface StorageUse {
  /** When blobs and links were summed up. */
  measuredAt: Date;
  blobs: number;
  /** Bytes of all blobs, each once. */
  storedBytes: number;
  links: number;
  /** Bytes of all blobs as packages see them, each once for each package. */
  logicalBytes: number;
  /** Objects let go of and not deleted yet; as of now. */
  awaiting: number;
  awaitingBytes: number;
}

/** Runs of garbage collection that operators ask for, and what they want to know of it. Each method is one transaction. */
export abstract class GcRuns {
  /** Asks for a run; a worker takes it up. Answers its id. */
  abstract start(request: GcRequest, operator: Actor): Promise<number>;

  abstract find(id: number): Promise<GcRun | undefined>;

  /** Newest first. */
  abstract list(page: PageRequest): Promise<Page<GcRun>>;

  /** What was collected, newest first: by one run, or by all and the schedule. A bounded number is kept. */
  abstract entries(runId: number | undefined, page: PageRequest): Promise<Page<GcEntry>>;

  abstract control(): Promise<GcControl>;

  /** Changes what is given, and only that: two who change different things at once lose nothing. Answers what holds now. */
  abstract changeControl(change: GcControlChange, operator: Actor): Promise<GcControl>;

  /**
   * Before each batch of any worker: the one before it took so many rows. Answers how long the next one waits for the pace,
   * which holds for all of them together: at most half a minute for each batch that was paid for.
   */
  abstract spend(rows: number): Promise<{ mode: GcControl['mode']; waitMs: number }>;

  /** Sums up where there is little, and answers the last measurement where there is much. */
  abstract storageUse(): Promise<StorageUse>;
}

/** The worker's side of runs. Each method is one transaction. */
export abstract class GcRunQueue {
  /** Takes the oldest run that waits, or whose worker gave no sign of life for a while; undefined when there is none. */
  abstract claim(): Promise<(GcRequest & { id: number }) | undefined>;

  /** The run comes to a step. */
  abstract reach(id: number, step: GcStep): Promise<void>;

  /** The worker still has the run. */
  abstract keepAlive(id: number): Promise<void>;

  abstract finish(id: number, outcome: 'done' | { error: string }): Promise<void>;

  /** Gives the run back: it begins again when collection goes on. */
  abstract release(id: number): Promise<void>;

  /** The database's time. */
  abstract now(): Promise<Date>;
}
