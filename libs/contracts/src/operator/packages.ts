import { z } from 'zod';
import { ACTIONS } from '#auth';
import { VISIBILITIES } from '#registry';
import { next, time } from './shapes.js';

export const PackageChangeAnswer = z.object({ name: z.string(), visibility: z.enum(VISIBILITIES) });
export type PackageChangeAnswer = z.output<typeof PackageChangeAnswer>;

/** Which rule decides what somebody may do to a package. */
export const ExplanationAnswer = z.object({
  subject: z.string(),
  action: z.enum(ACTIONS),
  package: z.string(),
  allowed: z.boolean(),
  rule: z.string(),
  remedy: z.string().nullable().describe('What would help; null where nothing needs to'),
});
export type ExplanationAnswer = z.output<typeof ExplanationAnswer>;

export const RefusalAnswer = z.object({
  identity: z.string(),
  action: z.string(),
  rule: z.string(),
  count: z.int(),
  first_at: time,
  last_at: time,
  message: z.string(),
});
export type RefusalAnswer = z.output<typeof RefusalAnswer>;
/** A package keeps at most 200 kinds: they are one page. */
export const RefusalsAnswer = z.object({ refusals: z.array(RefusalAnswer) });
export type RefusalsAnswer = z.output<typeof RefusalsAnswer>;

export const TombstoneAnswer = z.object({
  reference: z.string().describe('The tag or digest that was removed'),
  kind: z.enum(['tag', 'digest']),
  digest: z.string().describe('What the tag pointed at, or the digest itself'),
  removed_at: time,
  removed_by: z.string().nullable().describe('Login, or workflow SUBJECT; null: a rule did'),
  rule: z.string().nullable().describe('The rule that removed it; null: somebody did'),
  restorable_until: time.nullable().describe('null: it is final'),
  version_id: z.int().nullable().describe('The version whose restoring brings it back; null: it is final'),
  asked: z.int().describe('How often it was asked for since'),
  last_asked_at: time.nullable(),
  last_asked_by: z.string().nullable().describe('Login, workflow SUBJECT, or anonymous'),
});
export type TombstoneAnswer = z.output<typeof TombstoneAnswer>;
export const TombstonesAnswer = z.object({ tombstones: z.array(TombstoneAnswer), next });
export type TombstonesAnswer = z.output<typeof TombstonesAnswer>;
