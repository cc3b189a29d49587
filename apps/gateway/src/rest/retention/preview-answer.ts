import { z } from 'zod';
import {
  type FreedWithin,
  type JudgedTag,
  MAX_JUDGED,
  type PackageTag,
  type PreviewPage,
  type RetentionPreview,
} from '#registry';
import { type Query, single } from '../../http/gateway-request.js';
import { freedAnswer, freedSchema } from '../freed-answer.js';
import { restTime } from '../rest-time.js';
import { PolicyView, policyView } from './policy-form.js';
import { readCursor, writeCursor } from './preview-cursor.js';

const PER_PAGE = 100;

/** What the documents say of the parameters that `previewPageOf` reads. */
export const PREVIEW_QUERY = {
  only: '`removed`: only tags that go; `kept`: only those that stay',
  per_page: `Tags on a page, ${PER_PAGE} unless said, ${MAX_JUDGED} at most`,
  after: '`next` of the page before',
};
export const PREVIEW_ERRORS = { 409: 'the policy is another one than on the page before: begin again' };
export const POLICY_CHANGED = 'The retention policy changed since the page before: begin again without after.';

const Tag = z.object({
  name: z.string(),
  version_id: z.int(),
  digest: z.string(),
  pushed_at: z.string(),
  pulled_at: z.string().nullable().meta({ description: 'When its version was pulled last' }),
  decision: z.enum(['keep', 'remove']),
  reasons: z.array(z.string()).meta({ description: 'Which rules keep it, or that none does' }),
  kept_until: z.string().nullable().meta({ description: 'When time alone ends that; null: it does not' }),
});

export const PreviewAnswer = z.object({
  from: z.enum(['package', 'namespace', 'asked']).meta({
    description: "Whose policy it is: the package's own, its namespace's, or the one that the request brought",
  }),
  policy: PolicyView,
  tags: z.array(Tag).meta({
    description:
      'In the order in which they are judged, the one pushed last first. May be few, or none, while `next` goes on',
  }),
  freed: freedSchema(['package', 'namespace', 'instance']).meta({
    description:
      'What goes with versions that lose the last of their tags on this page, whether `only` shows those or not',
  }),
  next: z.string().nullable().meta({ description: '`after` of the next page; null: this is the last' }),
});

/** The same of all packages that a namespace's policy counts for. */
export const NamespacePreviewAnswer = PreviewAnswer.extend({
  from: z.enum(['namespace', 'asked']).meta({
    description: "Whose policy it is: the namespace's, or the one that the request brought",
  }),
  tags: z
    .array(Tag.extend({ package: z.string().meta({ description: 'Its name with the namespace' }) }))
    .meta({ description: 'Package by package. May be few, or none, while `next` goes on' }),
});

/** Reads `only`, `per_page` and `after`; what makes no sense counts as its default. */
export function previewPageOf(query: Query, within: FreedWithin): PreviewPage {
  const perPage = single(query.per_page) ?? '';
  const only = single(query.only);
  return {
    limit: /^[1-9][0-9]{0,8}$/.test(perPage) ? Math.min(Number(perPage), MAX_JUDGED) : PER_PAGE,
    after: readCursor(single(query.after) ?? ''),
    only: only === 'kept' || only === 'removed' ? only : undefined,
    within,
  };
}

export const previewAnswer = (preview: RetentionPreview, within: FreedWithin): z.output<typeof PreviewAnswer> => ({
  from: preview.holder,
  ...restOf(preview, within),
  tags: preview.tags.map(tagAnswer),
});

export const namespacePreviewAnswer = (
  preview: RetentionPreview<PackageTag>,
  within: FreedWithin,
): z.output<typeof NamespacePreviewAnswer> => ({
  from: preview.holder === 'asked' ? 'asked' : 'namespace',
  ...restOf(preview, within),
  tags: preview.tags.map((tag) => ({ package: tag.packageName, ...tagAnswer(tag) })),
});

const restOf = ({ policy, freed, next }: RetentionPreview, within: FreedWithin) => ({
  policy: policyView(policy),
  freed: freedAnswer(within, freed),
  next: next ? writeCursor(next) : null,
});

const tagAnswer = ({
  name,
  versionId,
  digest,
  pushedAt,
  pulledAt,
  isKept,
  reasons,
  until,
}: JudgedTag): z.output<typeof Tag> => ({
  name,
  version_id: versionId,
  digest,
  pushed_at: timeText(pushedAt),
  pulled_at: pulledAt === undefined ? null : timeText(pulledAt),
  decision: isKept ? 'keep' : 'remove',
  reasons,
  kept_until: until === undefined ? null : timeText(until),
});

/** Of microseconds since 1970. */
const timeText = (micros: number): string => restTime(new Date(micros / 1000));
