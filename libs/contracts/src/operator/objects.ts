import { z } from 'zod';
import { DAMAGES, FINDING_KINDS } from '#registry';
import { AmountAnswer, next, time } from './shapes.js';

export const ReconcileRunAnswer = z.object({
  id: z.int(),
  state: z.enum(['queued', 'running', 'done', 'failed']),
  dry_run: z.boolean().describe('Reports only: marks nothing missing, deletes nothing'),
  requested_by: z.string().nullable().describe('null: by schedule'),
  created_at: time,
  started_at: time.nullable(),
  finished_at: time.nullable(),
  error: z.string().nullable().describe('Why it failed, or what it is waiting out'),
  progress: z.number().describe('From 0 to 1'),
  objects: AmountAnswer,
  unknown_objects: AmountAnswer,
  missing_blobs: z.number(),
  blobs_of_wrong_size: z.number(),
  uploads: z.number().describe('Multipart uploads that are open in the store'),
  stray_uploads: z.number().describe('Those among them that nobody knows'),
  findings: z.number().describe('How many are kept: the first 10,000'),
});
export type ReconcileRunAnswer = z.output<typeof ReconcileRunAnswer>;
export const ReconcileRunsAnswer = z.object({ runs: z.array(ReconcileRunAnswer), next });
export type ReconcileRunsAnswer = z.output<typeof ReconcileRunsAnswer>;

export const FindingAnswer = z.object({
  id: z.int(),
  kind: z.enum(FINDING_KINDS),
  object_key: z.string(),
  digest: z.string().nullable(),
  size: z.number().nullable().describe('Bytes in the store; null where nothing is there'),
  expected_size: z.number().nullable(),
  delete_at: time.nullable().describe('When it is deleted; null where this run deletes nothing'),
  packages: z.array(z.string()).describe('That hold the blob now, at most ten'),
});
export type FindingAnswer = z.output<typeof FindingAnswer>;
export const FindingsAnswer = z.object({ findings: z.array(FindingAnswer), next });
export type FindingsAnswer = z.output<typeof FindingsAnswer>;

export const ScrubPassAnswer = z.object({
  id: z.int(),
  requested_by: z.string().nullable().describe('null: by schedule'),
  started_at: time,
  finished_at: time.nullable(),
  blobs: z.number(),
  bytes: z.number(),
  damaged: z.number(),
  healed: z.number().describe('Counted as missing before, and whole'),
});
export type ScrubPassAnswer = z.output<typeof ScrubPassAnswer>;
export const ScrubPassesAnswer = z.object({ passes: z.array(ScrubPassAnswer), next });
export type ScrubPassesAnswer = z.output<typeof ScrubPassesAnswer>;

export const ScrubAnswer = z.object({
  mode: z.enum(['on', 'off']),
  pace: z.number().describe('Bytes a second'),
  pass: ScrubPassAnswer.nullable().describe('The newest, under way or over'),
});
export type ScrubAnswer = z.output<typeof ScrubAnswer>;

const DamagedBlob = z.object({
  id: z.int(),
  digest: z.string(),
  size: z.number(),
  object_key: z.string().describe('Where its bytes are, if any: kept until a push brings others'),
  missing_since: time,
  damage: z.enum(DAMAGES).nullable().describe('null: a read found its object gone or cut'),
  packages: z.array(z.string()).describe('That hold it, at most ten'),
});
export const DamagedBlobsAnswer = z.object({ blobs: z.array(DamagedBlob), next });
export type DamagedBlobsAnswer = z.output<typeof DamagedBlobsAnswer>;

export const DeletionAnswer = z.object({
  object_key: z.string(),
  size: z.number().nullable().describe('null where nobody knows'),
  not_before: time.describe('Not deleted before'),
  again_at: time.nullable().describe('Deleted once more then, as a late writer may write it again'),
  repeat: z.boolean().describe('Deleted once already, and waits for the second time'),
  stray: z.boolean().describe('No row knew it when the store was compared with the database'),
  tried_at: time.nullable(),
  tries: z.int().describe('How often that was not confirmed; an attempt under way counts'),
});
export type DeletionAnswer = z.output<typeof DeletionAnswer>;
export const DeletionsAnswer = z.object({ deletions: z.array(DeletionAnswer), next });
export type DeletionsAnswer = z.output<typeof DeletionsAnswer>;
export const RetriedAnswer = z.object({ retried: z.int() });
export type RetriedAnswer = z.output<typeof RetriedAnswer>;
