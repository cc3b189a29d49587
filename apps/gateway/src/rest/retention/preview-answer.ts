import { z } from 'zod';
import { type RetentionPreview, readPlace, writePlace } from '#registry';
import { type Query, single } from '../../http/gateway-request.js';
import { restTime } from '../rest-time.js';
import { PolicyView, policyView } from './policy-form.js';

const PER_PAGE = 100;
const MAX_PER_PAGE = 1000;

/** What the documents say of the parameters that `previewPageOf` reads. */
export const PREVIEW_QUERY = {
  only: '`removed`: only tags that go; `kept`: only those that stay',
  per_page: `Tags on a page, ${PER_PAGE} unless said, ${MAX_PER_PAGE} at most`,
  after: '`next` of the page before',
};

export const PreviewAnswer = z.object({
  from: z.enum(['package', 'namespace', 'asked']).meta({
    description: "Whose policy it is: the package's own, its namespace's, or the one that the request brought",
  }),
  policy: PolicyView,
  tags: z
    .array(
      z.object({
        name: z.string(),
        version_id: z.int(),
        digest: z.string(),
        pushed_at: z.string(),
        pulled_at: z.string().nullable().meta({ description: 'When its version was pulled last' }),
        decision: z.enum(['keep', 'remove']),
        reasons: z.array(z.string()).meta({ description: 'Which rules keep it, or that none does' }),
        kept_until: z.string().nullable().meta({ description: 'When time alone ends that; null: it does not' }),
      }),
    )
    .meta({ description: 'In the order in which they are judged: the one pushed last first' }),
  next: z.string().nullable().meta({ description: '`after` of the next page; null: this is the last' }),
});

/** Reads `only`, `per_page` and `after`; what makes no sense counts as its default. */
export function previewPageOf(query: Query) {
  const perPage = single(query.per_page) ?? '';
  const only = single(query.only);
  return {
    limit: /^[1-9][0-9]{0,8}$/.test(perPage) ? Math.min(Number(perPage), MAX_PER_PAGE) : PER_PAGE,
    after: readPlace(single(query.after) ?? ''),
    only: only === 'kept' || only === 'removed' ? only : undefined,
  } as const;
}

export const previewAnswer = ({ holder, policy, tags, next }: RetentionPreview): z.output<typeof PreviewAnswer> => ({
  from: holder,
  policy: policyView(policy),
  tags: tags.map(({ name, versionId, digest, pushedAt, pulledAt, isKept, reasons, until }) => ({
    name,
    version_id: versionId,
    digest,
    pushed_at: timeText(pushedAt),
    pulled_at: pulledAt === undefined ? null : timeText(pulledAt),
    decision: isKept ? 'keep' : 'remove',
    reasons,
    kept_until: until === undefined ? null : timeText(until),
  })),
  next: next ? writePlace(next) : null,
});

/** Of microseconds since 1970. */
const timeText = (micros: number): string => restTime(new Date(micros / 1000));
