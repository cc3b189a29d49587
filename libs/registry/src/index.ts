export { DeleteBlob } from './blobs/delete-blob.js';
export { OpenBlob } from './blobs/open-blob.js';
export { ReadBlob } from './blobs/read-blob.js';
export { StatBlob } from './blobs/stat-blob.js';
export { CompleteDirectUpload, type SentPart } from './direct/complete-direct-upload.js';
export { partCountOf } from './direct/direct-parts.js';
export { DirectStorage } from './direct/direct-storage.js';
export { FindDirectUpload } from './direct/find-direct-upload.js';
export { OpenDirectUpload } from './direct/open-direct-upload.js';
export { SignDirectUpload } from './direct/sign-direct-upload.js';
export { VerifyDirectUpload } from './direct/verify-direct-upload.js';
export { ApplyRetention } from './gc/apply-retention.js';
export { CollectBlobs } from './gc/collect-blobs.js';
export { CollectLinks } from './gc/collect-links.js';
export { CollectUntagged } from './gc/collect-untagged.js';
export { DeleteObjects } from './gc/delete-objects.js';
export { EvictBuildCaches } from './gc/evict-build-caches.js';
export { ExpireUploads } from './gc/expire-uploads.js';
export { failpoint } from './gc/failpoint.js';
export { GcBrake, GcStopped } from './gc/gc-brake.js';
export { goingManifests, type HeldManifest } from './gc/going-manifests.js';
export { MeasureStorage } from './gc/measure-storage.js';
export { Purge } from './gc/purge.js';
export { Reconcile, type ReconcileOutcome } from './gc/reconcile.js';
export { RewriteMarks } from './gc/rewrite-marks.js';
export { Collectors, RunGc } from './gc/run-gc.js';
export { Scrub, type ScrubFound } from './gc/scrub.js';
export { DeleteManifest } from './manifests/delete-manifest.js';
export { GetManifest } from './manifests/get-manifest.js';
export { PutManifest } from './manifests/put-manifest.js';
export { ImageWords } from './metadata/image-words.js';
export type { PackageMetadata } from './metadata/package-metadata.js';
export { newObjectKey } from './object-keys.js';
export { BlobIndex, type StoredBlob } from './ports/blob-index.js';
export { type DirectPlan, type DirectUpload, DirectUploads } from './ports/direct-uploads.js';
export { DownloadCounts, type Downloads } from './ports/download-counts.js';
export {
  type DueDeletion,
  type DueManifest,
  type DueRows,
  Garbage,
  type GcPass,
  type LinkKey,
} from './ports/garbage.js';
export {
  GC_KINDS,
  GC_STEPS,
  type GcControl,
  type GcControlChange,
  type GcCount,
  type GcEntry,
  type GcKind,
  type GcRequest,
  type GcRun,
  GcRunQueue,
  GcRuns,
  type GcStep,
  type StorageUse,
} from './ports/gc-runs.js';
export { type Maintenance, MaintenanceMode } from './ports/maintenance-mode.js';
export {
  type ImageSource,
  type ManifestPush,
  ManifestStore,
  type Referrer,
  type Removal,
  type StoredManifest,
} from './ports/manifest-store.js';
export type { NumberedList, NumberedPage } from './ports/numbered-list.js';
export { type HashProgress, ObjectHasher } from './ports/object-hasher.js';
export { ObjectKeeper } from './ports/object-keeper.js';
export { ObjectSigner, type Sender, type SignedRequest, type StoreFeatures } from './ports/object-signer.js';
export {
  type ListedObject,
  type ListedUpload,
  type ObjectKey,
  ObjectMissingError,
  ObjectStore,
  OwnedObjectStore,
  type PartPlace,
  type StoredPart,
  type UploadPage,
} from './ports/object-store.js';
export { type OpenUpload, OpenUploads } from './ports/open-uploads.js';
export {
  type PackageDetails,
  PackageDirectory,
  type PackageOwner,
  type PackageQuery,
  type TooManyDownloads,
} from './ports/package-directory.js';
export { PackageSettings, type StorageSettings, type TagRule } from './ports/package-settings.js';
export { PackageStore, VISIBILITIES, type Visibility } from './ports/package-store.js';
export { type DashboardAnswer, type DashboardRequest, QueueDashboard } from './ports/queue-dashboard.js';
export {
  FINDING_KINDS,
  type FindingKind,
  type ReconcileFinding,
  type ReconcileRun,
  ReconcileRuns,
} from './ports/reconcile-runs.js';
export {
  type LostBlob,
  type ReconcileClaim,
  type ReconcilePage,
  Reconciling,
  type StrayObject,
  type StrayUpload,
  type SuspectBlob,
} from './ports/reconciling.js';
export {
  type Judging,
  type PackagesUnder,
  type PolicyInForce,
  type RetainableTags,
  type RetentionHolder,
  RetentionStore,
  RetentionWork,
  type SeenTag,
} from './ports/retention-store.js';
export { type MissingBlob, ScrubControl, type ScrubPass, type ScrubSettings } from './ports/scrub-control.js';
export {
  type BlobToScrub,
  DAMAGES,
  type Damage,
  type ScrubbedBlob,
  Scrubbing,
  type ScrubStep,
} from './ports/scrubbing.js';
export {
  type DoomedVersions,
  type FreedBytes,
  type FreedWithin,
  type Measured,
  type NamespaceStorage,
  PACKAGE_ORDERS,
  type PackageOrder,
  type PackageStorage,
  StorageFigures,
} from './ports/storage-figures.js';
export { StorageMeasuring } from './ports/storage-measuring.js';
export { type TagChange, TagStore } from './ports/tag-store.js';
export { type AskedFor, type Remover, type Tombstone, type TombstoneDetails, Tombstones } from './ports/tombstones.js';
export { NoTraffic, Traffic } from './ports/traffic.js';
export { UntaggedRules } from './ports/untagged-rules.js';
export {
  type ClaimedUpload,
  type SessionOwner,
  type StoredPiece,
  UploadSessions,
  type UploadStep,
} from './ports/upload-sessions.js';
export {
  type VersionDetails,
  type VersionQuery,
  type VersionRefusal,
  type VersionRemoval,
  VersionStore,
} from './ports/version-store.js';
export { type WaitingDeletion, WaitingDeletions } from './ports/waiting-deletions.js';
export { ListReferrers } from './referrers/list-referrers.js';
export type { Actor, Repository, Viewer } from './repository.js';
export { type PackageTag, PreviewNamespaceRetention } from './retention/preview-namespace-retention.js';
export { type JudgedTag, MAX_JUDGED, type PreviewPage, type PreviewPlace } from './retention/preview-page.js';
export { PreviewRetention, type RetentionPreview } from './retention/preview-retention.js';
export { durationText, type NewestCount } from './retention/retention-decider.js';
export type { RetainableTag, RetentionDecision, RetentionPolicy, RetentionRule } from './retention/retention-policy.js';
export { placeOf, type TagPlace } from './retention/tag-place.js';
export { parseSourceUrl } from './source-url.js';
export { DeleteTag } from './tags/delete-tag.js';
export { ListTags } from './tags/list-tags.js';
export { AppendChunk } from './uploads/append-chunk.js';
export { UploadStorage } from './uploads/body-writer.js';
export { ByteBudget } from './uploads/byte-budget.js';
export { CancelUpload } from './uploads/cancel-upload.js';
export { FindUpload } from './uploads/find-upload.js';
export { FinishUpload } from './uploads/finish-upload.js';
export { LocalObjectHasher } from './uploads/local-object-hasher.js';
export { MountBlob, type PullableAmong } from './uploads/mount-blob.js';
export { UPLOAD_BUFFER_BYTES } from './uploads/part-size.js';
export { SessionWriters } from './uploads/session-writers.js';
export { StartUpload } from './uploads/start-upload.js';
export { type UploadBody, UploadLimits } from './uploads/upload-body.js';
