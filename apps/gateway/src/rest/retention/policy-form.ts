import { z } from 'zod';
import { duration } from '#config';
import type { RetentionPolicyAnswer } from '#contracts';
import { durationText, type RetentionPolicy, type RetentionRule } from '#registry';
import { TagPattern } from '../tag-pattern.js';

const TEN_YEARS = 3650 * 86_400;
const MAX_RULES = 20;
const MAX_NEWEST = 1000;

const age = duration.refine((seconds) => seconds <= TEN_YEARS, 'at most 3650d');

const Rule = z
  .strictObject({
    tags: TagPattern.optional(),
    newest: z
      .int()
      .min(1)
      .max(MAX_NEWEST)
      .optional()
      .meta({ description: 'Keeps all tags of so many versions that were pushed last' }),
    pushed_within: age.optional().meta({ description: 'Keeps tags that were pushed within this time: 14d, 12h' }),
    pulled_within: age
      .optional()
      .meta({ description: 'Keeps tags whose version was pulled, or that were pushed, within this time and a day' }),
  })
  .refine((rule) => Object.values(rule).some((value) => value !== undefined), 'it says nothing')
  .refine(
    ({ newest, pushed_within, pulled_within }) =>
      [newest, pushed_within, pulled_within].filter((value) => value !== undefined).length <= 1,
    'one of newest, pushed_within and pulled_within: rules beside each other keep what any of them keeps',
  );

/** A retention policy as requests bring it. */
export const PolicyForm = z.strictObject({
  tags: TagPattern.nullable().default(null).meta({
    description: 'Expression (RE2) that the whole tag must match for the policy to judge it; null: it judges all',
  }),
  keep: z.array(Rule).min(1).max(MAX_RULES).meta({ description: 'Rules of which one is enough to keep a tag' }),
});

export const policyOf = ({ tags, keep }: z.output<typeof PolicyForm>): RetentionPolicy => ({
  tags: tags ?? undefined,
  keep: keep.map(({ tags, newest, pushed_within, pulled_within }) => ({
    tags,
    newest,
    pushedWithin: pushed_within,
    pulledWithin: pulled_within,
  })),
});

export const policyView = ({ tags, keep }: RetentionPolicy): RetentionPolicyAnswer => ({
  tags: tags ?? null,
  keep: keep.map(ruleView),
});

const ruleView = ({ tags, newest, pushedWithin, pulledWithin }: RetentionRule) => ({
  ...(tags !== undefined && { tags }),
  ...(newest !== undefined && { newest }),
  ...(pushedWithin !== undefined && { pushed_within: durationText(pushedWithin) }),
  ...(pulledWithin !== undefined && { pulled_within: durationText(pulledWithin) }),
});
