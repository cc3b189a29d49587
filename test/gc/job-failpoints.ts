import {
  BUILD_CACHES,
  GC_RUNS,
  IDLE_BLOBS,
  IDLE_LINKS,
  MARKS,
  OBJECT_DELETIONS,
  PURGE,
  type QUEUES,
  RECONCILE,
  RETENTION,
  SCRUB,
  STORAGE_USE,
  UNTAGGED_MANIFESTS,
  UPLOAD_EXPIRY,
} from '#queue';

export type JobQueue = (typeof QUEUES)[number];

const COLLECTORS = {
  [MARKS]: ['marks-rewritten'],
  [RETENTION]: ['retention-found', 'in-retention', 'retention-removed'],
  [UNTAGGED_MANIFESTS]: ['untagged-found', 'untagged-hidden'],
  [BUILD_CACHES]: ['build-caches-found', 'build-caches-evicted'],
  [PURGE]: ['purge-found', 'manifests-purged', 'package-batch-purged'],
  [UPLOAD_EXPIRY]: ['uploads-closed'],
  [IDLE_LINKS]: ['links-found', 'links-collected'],
  [IDLE_BLOBS]: ['in-blobs', 'blobs-collected'],
  [OBJECT_DELETIONS]: ['objects-claimed', 'objects-deleted', 'objects-confirmed'],
};

/**
 * Every place where each job can be killed, by its queue, in an order in which a job that was killed at one comes by the next. `:2`:
 * the second time. `kills.test.ts` kills it there, and sees that it comes by no other.
 */
export const FAILPOINTS: Record<JobQueue, string[]> = {
  ...COLLECTORS,
  [GC_RUNS]: ['run-claimed', ...Object.values(COLLECTORS).flat(), 'run-collected'],
  [STORAGE_USE]: ['measurement-begun', 'storage-added', 'storage-measured', 'history-trimmed'],
  [RECONCILE]: ['reconcile-claimed', 'page-compared', 'page-recorded', 'uploads-compared', 'uploads-recorded'],
  [SCRUB]: ['scrub-taken', 'scrub-recorded', 'scrub-taken:2', 'scrub-hashed', 'scrub-recorded:2'],
};

export const placeOf = (failpoint: string): string => failpoint.replace(/:.*/, '');

/** Where no job runs: while the schedules are made. */
export const BETWEEN_JOBS = 'scheduled';
