import type { NamespaceRetentionPreviewAnswer, RetentionPreviewAnswer } from '#contracts';
import {
  type FreedWithin,
  type JudgedTag,
  MAX_JUDGED,
  type PackageTag,
  type PreviewPage,
  type RetentionPreview,
} from '#registry';
import { type Query, single } from '../../http/gateway-request.js';
import { freedAnswer } from '../freed-answer.js';
import { restTime } from '../rest-time.js';
import { policyView } from './policy-form.js';
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

export const previewAnswer = (preview: RetentionPreview, within: FreedWithin): RetentionPreviewAnswer => ({
  from: preview.holder,
  ...restOf(preview, within),
  tags: preview.tags.map(tagAnswer),
});

export const namespacePreviewAnswer = (
  preview: RetentionPreview<PackageTag>,
  within: FreedWithin,
): NamespaceRetentionPreviewAnswer => ({
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
}: JudgedTag): RetentionPreviewAnswer['tags'][number] => ({
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
