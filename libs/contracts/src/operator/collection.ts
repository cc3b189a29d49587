import { z } from 'zod';
import { AmountAnswer, next, time } from './shapes.js';

export const GcControlAnswer = z.object({
  mode: z.enum(['on', 'paused', 'off']),
  pace: z.int().nullable().describe('Rows a second of all workers together; null for as fast as it goes'),
});
export type GcControlAnswer = z.output<typeof GcControlAnswer>;

const Count = AmountAnswer.extend({
  freed: z
    .object({ exclusive: z.number(), shared: z.number() })
    .optional()
    .describe(
      'What leaves storage once they are gone for good, and what others use still; only for retention, untagged, manifests and build_caches',
    ),
});

export const GcRunAnswer = z.object({
  id: z.int(),
  state: z.enum(['queued', 'running', 'done', 'failed']),
  step: z.int().describe('Which of so many steps it is at, from 1; 0 before the first'),
  steps: z.int(),
  doing: z.string().nullable().describe("The step's name"),
  dry_run: z.boolean(),
  grace: z.int().nullable().describe('Seconds in place of BERTH_GC_GRACE; null for that'),
  requested_by: z.string(),
  created_at: time,
  started_at: time.nullable(),
  finished_at: time.nullable(),
  error: z.string().nullable(),
  counts: z
    .record(z.string(), Count)
    .describe('What went, by kind: untagged manifests are hidden and can be restored, all others are gone'),
});
export type GcRunAnswer = z.output<typeof GcRunAnswer>;
export const GcRunsAnswer = z.object({ runs: z.array(GcRunAnswer), next });
export type GcRunsAnswer = z.output<typeof GcRunsAnswer>;

export const GcEntryAnswer = z.object({
  id: z.int(),
  at: time,
  kind: z.string(),
  package_id: z.int().nullable(),
  digest: z.string().nullable(),
  bytes: z.number(),
  reason: z.string(),
});
export type GcEntryAnswer = z.output<typeof GcEntryAnswer>;
export const GcLogAnswer = z.object({ log: z.array(GcEntryAnswer), next });
export type GcLogAnswer = z.output<typeof GcLogAnswer>;
