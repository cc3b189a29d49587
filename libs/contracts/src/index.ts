import { accessFactsStore } from './access-facts.js';
import { accountStore } from './account-store.js';
import { auditLog } from './audit-log.js';
import { blobIndex } from './blob-index.js';
import { directUploads } from './direct-uploads.js';
import { downloadCounts } from './download-counts.js';
import { gcRuns } from './gc-runs.js';
import { maintenanceMode } from './maintenance-mode.js';
import { manifestStore } from './manifest-store.js';
import { memberStore } from './member-store.js';
import { objectHasher } from './object-hasher.js';
import { objectKeeper } from './object-keeper.js';
import { objectSigner } from './object-signer.js';
import { openUploads } from './open-uploads.js';
import { packageDirectory } from './package-directory.js';
import { packageSettings } from './package-settings.js';
import { packageStore } from './package-store.js';
import { queueDashboard } from './queue-dashboard.js';
import { reconcileRuns } from './reconcile-runs.js';
import { refusalStore } from './refusal-store.js';
import { retentionStore } from './retention-store.js';
import { roleStore } from './role-store.js';
import { scrubControl } from './scrub-control.js';
import { signOnStore } from './sign-on-store.js';
import { signingKeyStore } from './signing-keys.js';
import { sourceStore } from './source-store.js';
import { storageFigures } from './storage-figures.js';
import { tagStore } from './tag-store.js';
import { teamStore } from './team-store.js';
import { tokenStore } from './token-store.js';
import { tombstones } from './tombstones.js';
import { trustPolicyStore } from './trust-policy-store.js';
import { uploadSessions } from './upload-sessions.js';
import { versionStore } from './version-store.js';
import { waitingDeletions } from './waiting-deletions.js';

export type { Contract, MethodContract } from './contract.js';
// What `/admin/v1` answers: the gateway shapes its answers by these, the command line reads them.
export {
  MeAnswer,
  MemberAnswer,
  MembersAnswer,
  NewAccountAnswer,
  OrganisationAnswer,
  OrganisationsAnswer,
  UserAnswer,
  UserChangeAnswer,
  UsersAnswer,
} from './operator/accounts.js';
export {
  GcControlAnswer,
  GcEntryAnswer,
  GcLogAnswer,
  GcRunAnswer,
  GcRunsAnswer,
} from './operator/collection.js';
export {
  AuditAnswer,
  AuditEntryAnswer,
  KeyAnswer,
  KeysAnswer,
  MaintenanceAnswer,
  TrustPoliciesAnswer,
  TrustPolicyAnswer,
  UploadAnswer,
  UploadsAnswer,
} from './operator/instance.js';
export {
  DamagedBlobsAnswer,
  DeletionAnswer,
  DeletionsAnswer,
  FindingAnswer,
  FindingsAnswer,
  ReconcileRunAnswer,
  ReconcileRunsAnswer,
  RetriedAnswer,
  ScrubAnswer,
  ScrubPassAnswer,
  ScrubPassesAnswer,
} from './operator/objects.js';
export {
  ExplanationAnswer,
  PackageChangeAnswer,
  RefusalAnswer,
  RefusalsAnswer,
  TombstoneAnswer,
  TombstonesAnswer,
} from './operator/packages.js';
export {
  NamespaceRetentionPreviewAnswer,
  RetentionPolicyAnswer,
  RetentionPreviewAnswer,
} from './operator/retention.js';
export {
  freedSchema,
  StartedAnswer,
} from './operator/shapes.js';
export {
  MeasuredPackageAnswer,
  NamespaceUseAnswer,
  NamespaceUsesAnswer,
  PackageUseAnswer,
  PackageUsesAnswer,
  StorageAnswer,
} from './operator/storage.js';
export {
  NewTokenAnswer,
  TokenAnswer,
  TokensAnswer,
} from './operator/tokens.js';

/**
 * What metadata serves and the gateway asks for. `Garbage`, `GcRunQueue`, `Reconciling` and `Scrubbing` are not among it: the
 * worker has the database itself.
 */
export const METADATA_CONTRACTS = [
  blobIndex,
  uploadSessions,
  directUploads,
  manifestStore,
  tagStore,
  packageStore,
  packageDirectory,
  packageSettings,
  retentionStore,
  versionStore,
  downloadCounts,
  tombstones,
  accessFactsStore,
  accountStore,
  tokenStore,
  auditLog,
  refusalStore,
  signOnStore,
  trustPolicyStore,
  memberStore,
  teamStore,
  sourceStore,
  roleStore,
  signingKeyStore,
  gcRuns,
  maintenanceMode,
  reconcileRuns,
  scrubControl,
  openUploads,
  waitingDeletions,
  storageFigures,
] as const;

/** What blobs serves and the gateway asks for. The bytes themselves go between gateway and object store. */
export const BLOBS_CONTRACTS = [objectSigner, objectKeeper, objectHasher] as const;

/** What the worker serves and the gateway asks for. */
export const WORKER_CONTRACTS = [queueDashboard] as const;
