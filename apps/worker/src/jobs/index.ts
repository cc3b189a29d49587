import { ApplyRetentionJob } from './apply-retention.job.js';
import { CollectBlobsJob } from './collect-blobs.job.js';
import { CollectLinksJob } from './collect-links.job.js';
import { CollectUntaggedJob } from './collect-untagged.job.js';
import { DeleteObjectsJob } from './delete-objects.job.js';
import { EvictBuildCachesJob } from './evict-build-caches.job.js';
import { ExpireUploadsJob } from './expire-uploads.job.js';
import { MeasureStorageJob } from './measure-storage.job.js';
import { PurgeJob } from './purge.job.js';
import { ReconcileJob } from './reconcile.job.js';
import { RewriteMarksJob } from './rewrite-marks.job.js';
import { RunGcJob } from './run-gc.job.js';
import { ScrubJob } from './scrub.job.js';

/** Every job of the worker. */
export const JOBS = [
  RewriteMarksJob,
  ApplyRetentionJob,
  CollectUntaggedJob,
  EvictBuildCachesJob,
  PurgeJob,
  ExpireUploadsJob,
  CollectLinksJob,
  CollectBlobsJob,
  DeleteObjectsJob,
  RunGcJob,
  MeasureStorageJob,
  ReconcileJob,
  ScrubJob,
];
