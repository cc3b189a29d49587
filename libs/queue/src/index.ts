export { openQueues } from './open-queues.js';
export {
  BUILD_CACHES,
  GC_RUNS,
  IDLE_BLOBS,
  IDLE_LINKS,
  MARKS,
  OBJECT_DELETIONS,
  PURGE,
  QUEUES,
  RECONCILE,
  RETENTION,
  SCRUB,
  STORAGE_USE,
  UNTAGGED_MANIFESTS,
  UPLOAD_EXPIRY,
} from './queue-names.js';
export type { Queues } from './queues.js';
