import { z } from 'zod';
import { freedSchema, next, time } from './shapes.js';

/** A retention policy; a request may bring it back. */
export const RetentionPolicyAnswer = z.object({
  tags: z.string().nullable(),
  keep: z.array(
    z.object({
      tags: z.string().optional(),
      newest: z.int().optional(),
      pushed_within: z.string().optional(),
      pulled_within: z.string().optional(),
    }),
  ),
});
export type RetentionPolicyAnswer = z.output<typeof RetentionPolicyAnswer>;

const Tag = z.object({
  name: z.string(),
  version_id: z.int(),
  digest: z.string(),
  pushed_at: time,
  pulled_at: time.nullable().describe('When its version was pulled last'),
  decision: z.enum(['keep', 'remove']),
  reasons: z.array(z.string()).describe('Which rules keep it, or that none does'),
  kept_until: time.nullable().describe('When time alone ends that; null: it does not'),
});

export const RetentionPreviewAnswer = z.object({
  from: z
    .enum(['package', 'namespace', 'asked'])
    .describe("Whose policy it is: the package's own, its namespace's, or the one that the request brought"),
  policy: RetentionPolicyAnswer,
  tags: z
    .array(Tag)
    .describe(
      'In the order in which they are judged, the one pushed last first. May be few, or none, while `next` goes on',
    ),
  freed: freedSchema(['package', 'namespace', 'instance']).describe(
    'What goes with versions that lose the last of their tags on this page, whether `only` shows those or not',
  ),
  next: next.describe('`after` of the next page; null: this is the last'),
});
export type RetentionPreviewAnswer = z.output<typeof RetentionPreviewAnswer>;

/** The same of all packages that a namespace's policy counts for. */
export const NamespaceRetentionPreviewAnswer = RetentionPreviewAnswer.extend({
  from: z
    .enum(['namespace', 'asked'])
    .describe("Whose policy it is: the namespace's, or the one that the request brought"),
  tags: z
    .array(Tag.extend({ package: z.string().describe('Its name with the namespace') }))
    .describe('Package by package. May be few, or none, while `next` goes on'),
});
export type NamespaceRetentionPreviewAnswer = z.output<typeof NamespaceRetentionPreviewAnswer>;
