/** Queues of the worker. A job is a nudge to look at the database: losing one, or running it twice, does no harm. */
export const OBJECT_DELETIONS = 'object-deletions';
export const UPLOAD_EXPIRY = 'upload-expiry';
export const UNTAGGED_MANIFESTS = 'untagged-manifests';
export const RETENTION = 'retention';
export const MARKS = 'untagged-marks';
export const BUILD_CACHES = 'build-caches';
export const IDLE_LINKS = 'idle-links';
export const IDLE_BLOBS = 'idle-blobs';
export const PURGE = 'purge';
export const GC_RUNS = 'gc-runs';
export const STORAGE_USE = 'storage-use';
export const RECONCILE = 'reconcile';
export const SCRUB = 'scrub';

export const QUEUES = [
  OBJECT_DELETIONS,
  UPLOAD_EXPIRY,
  RETENTION,
  MARKS,
  UNTAGGED_MANIFESTS,
  BUILD_CACHES,
  IDLE_LINKS,
  IDLE_BLOBS,
  PURGE,
  GC_RUNS,
  STORAGE_USE,
  RECONCILE,
  SCRUB,
] as const;
