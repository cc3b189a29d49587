/** What `/admin/v1` answers, as far as this program reads it; times are ISO 8601, sizes bytes. */

/** A page of a list: `next` is what `after` must be for the page behind it, null at the end. */
export type Page<Name extends string, T> = { [N in Name]: T[] } & { next: string | null };

export interface Me {
  login: string;
  token_id: number | null;
}

export interface User {
  login: string;
  disabled: boolean;
  created_at: string;
  tokens: number;
  organisations: Array<{ login: string; role: string }>;
}

export interface Organisation {
  login: string;
  created_at: string;
  owners: number;
  members: number;
  requires_sign_on: boolean;
}

export interface Member {
  login: string;
  role: string;
}

export interface Token {
  id: number;
  name: string;
  scopes: string[];
  organization: string | null;
  packages: string[] | null;
  created_at: string;
  expires_at: string | null;
  last_used_at: string | null;
}

export type NewToken = Token & { token: string };

export interface Amount {
  count: number;
  bytes: number;
}

export interface GcControl {
  mode: 'on' | 'paused' | 'off';
  pace: number | null;
}

export interface GcRun {
  id: number;
  state: 'queued' | 'running' | 'done' | 'failed';
  /** What it is at, of so many steps. */
  step: number;
  steps: number;
  doing: string | null;
  dry_run: boolean;
  grace: number | null;
  requested_by: string;
  created_at: string;
  started_at: string | null;
  finished_at: string | null;
  error: string | null;
  counts: Record<string, Amount>;
}

export interface GcEntry {
  id: number;
  at: string;
  kind: string;
  package_id: number | null;
  digest: string | null;
  bytes: number;
  reason: string;
}

export interface Storage {
  measured_at: string;
  logical: Amount;
  stored: Amount;
  deduplicated: Amount;
  awaiting_deletion: Amount;
}

export interface Key {
  kid: string;
  state: 'next' | 'signing' | 'retiring' | 'retired';
  created_at: string;
  signs_from: string;
  retires_at: string;
}

export interface Maintenance {
  read_only: boolean;
  message: string | null;
  by_setting: boolean;
  changed_by: string | null;
  changed_at: string;
}

export interface NamespaceUse {
  namespace: string;
  logical_bytes: number;
  stored_bytes: number;
  exclusive_bytes: number;
  shared_bytes: number;
}

export interface PackageUse {
  package: string;
  deleted_at: string | null;
  versions: number;
  manifest_bytes: number;
  blobs: number;
  logical_bytes: number;
  exclusive_bytes: number;
  shared_bytes: number;
  last_pushed_at: string | null;
  last_pulled_at: string | null;
}

/** When figures were measured; null: never. */
export interface Measured {
  measured_at: string | null;
}

export interface RetentionPreview {
  from: 'package' | 'namespace' | 'asked';
  policy: object;
  tags: Array<{
    /** In previews of all packages of an owner. */
    package?: string;
    name: string;
    version_id: number;
    digest: string;
    pushed_at: string;
    pulled_at: string | null;
    decision: 'keep' | 'remove';
    reasons: string[];
    kept_until: string | null;
  }>;
  freed: { within: string; exclusive_bytes: number; shared_bytes: number };
  next: string | null;
}

export interface ReconcileRun {
  id: number;
  state: 'queued' | 'running' | 'done' | 'failed';
  dry_run: boolean;
  /** Null: by schedule. */
  requested_by: string | null;
  created_at: string;
  started_at: string | null;
  finished_at: string | null;
  error: string | null;
  /** From 0 to 1. */
  progress: number;
  objects: Amount;
  unknown_objects: Amount;
  missing_blobs: number;
  blobs_of_wrong_size: number;
  uploads: number;
  stray_uploads: number;
  findings: number;
}

export interface ReconcileFinding {
  id: number;
  kind: string;
  object_key: string;
  digest: string | null;
  size: number | null;
  expected_size: number | null;
  delete_at: string | null;
  packages: string[];
}

export interface ScrubPass {
  id: number;
  /** Null: by schedule. */
  requested_by: string | null;
  started_at: string;
  finished_at: string | null;
  blobs: number;
  bytes: number;
  damaged: number;
  healed: number;
}

export interface ScrubState {
  mode: 'on' | 'off';
  /** Bytes a second. */
  pace: number;
  pass: ScrubPass | null;
}

export interface DamagedBlob {
  id: number;
  digest: string;
  size: number;
  missing_since: string;
  damage: string | null;
  packages: string[];
}

export interface Upload {
  id: string;
  package: string;
  principal: string;
  login: string | null;
  state: string;
  direct: boolean;
  bytes: number;
  created_at: string;
  expires_at: string;
}

export interface Deletion {
  object_key: string;
  size: number | null;
  not_before: string;
  repeat: boolean;
  stray: boolean;
  tried_at: string | null;
  tries: number;
}
