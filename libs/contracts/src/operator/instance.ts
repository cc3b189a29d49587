import { z } from 'zod';
import { next, time } from './shapes.js';

export const UploadAnswer = z.object({
  id: z.string(),
  package: z.string(),
  principal: z.string(),
  login: z.string().nullable(),
  state: z.enum(['open', 'completing']),
  direct: z.boolean().describe('Its client brings the bytes to the store itself'),
  bytes: z.number().describe('Durable; of a direct upload, verified'),
  created_at: time,
  age: z.number().describe('Seconds'),
  busy_until: time.nullable().describe('A request is under way, at the latest until then'),
  expires_at: time,
});
export type UploadAnswer = z.output<typeof UploadAnswer>;
export const UploadsAnswer = z.object({ uploads: z.array(UploadAnswer), next });
export type UploadsAnswer = z.output<typeof UploadsAnswer>;

export const KeyAnswer = z.object({
  kid: z.string(),
  state: z
    .enum(['next', 'signing', 'retiring', 'retired'])
    .describe('next: published and signs nothing yet; retiring: only verifies; retired: its tokens are refused'),
  created_at: time,
  signs_from: time,
  retires_at: time,
});
export type KeyAnswer = z.output<typeof KeyAnswer>;
/** The newest 100. */
export const KeysAnswer = z.object({ keys: z.array(KeyAnswer) });
export type KeysAnswer = z.output<typeof KeysAnswer>;

export const MaintenanceAnswer = z.object({
  read_only: z.boolean(),
  message: z.string().nullable().describe('What refused clients are told; null for words of Berth’s own'),
  by_setting: z.boolean().describe('BERTH_READ_ONLY of the gateway that answers says so, whatever stands here'),
  changed_by: z.string().nullable(),
  changed_at: time,
});
export type MaintenanceAnswer = z.output<typeof MaintenanceAnswer>;

export const AuditEntryAnswer = z.object({
  id: z.string(),
  at: time,
  actor: z.string(),
  actor_id: z.int().nullable(),
  token_id: z.int().nullable(),
  action: z.string(),
  target: z.string(),
  address: z.string().nullable(),
  result: z.string(),
  data: z.record(z.string(), z.string()),
});
export type AuditEntryAnswer = z.output<typeof AuditEntryAnswer>;
/** The page before is asked for by the last one's id. */
export const AuditAnswer = z.array(AuditEntryAnswer);
export type AuditAnswer = z.output<typeof AuditAnswer>;

/** Which workflows of which issuer may act in an organisation. */
export const TrustPolicyAnswer = z.object({
  id: z.int(),
  name: z.string(),
  issuer: z.string(),
  audience: z.string(),
  conditions: z.record(z.string(), z.string()),
  source: z.string(),
  counts_pulls: z.boolean(),
});
export type TrustPolicyAnswer = z.output<typeof TrustPolicyAnswer>;
export const TrustPoliciesAnswer = z.object({ trust_policies: z.array(TrustPolicyAnswer), next });
export type TrustPoliciesAnswer = z.output<typeof TrustPoliciesAnswer>;
