import { z } from 'zod';
import type { NewTrustPolicy, TrustPolicy } from '#auth';
import type { TrustPolicyAnswer } from '#contracts';
import { parseSourceUrl } from '#registry';

const text = (max: number) =>
  z
    .string()
    .min(1)
    .max(max)
    .refine((value) => !value.includes('\0'), 'no NUL');

const Issuer = z
  .url({ protocol: /^https?$/, error: 'must be the https URL that stands in the claim iss' })
  .max(1000)
  .refine((url) => Buffer.byteLength(url) <= 1000, 'at most 1000 bytes')
  .refine((url) => !/[?#@\0]/.test(url), 'must have no query, fragment or user');

const Pattern = text(500).refine((pattern) => pattern.split('*').length <= 10, 'at most nine *');

/** Claims that all tokens of one issuer for one audience share: they tell nobody from anybody. */
const SAME = new Set(['iss', 'aud']);

const Conditions = z
  .record(text(100), Pattern)
  .refine((conditions) => Object.keys(conditions).length <= 20, 'at most 20')
  .refine(
    (conditions) => Object.entries(conditions).some(([claim, pattern]) => !SAME.has(claim) && !pattern.startsWith('*')),
    'at least one, of another claim than iss and aud, must begin with more than *: the issuer gives tokens to others, too',
  );

/** A trust policy as REST takes it. */
export const TrustPolicyForm = z
  .strictObject({
    name: text(100),
    issuer: Issuer,
    audience: text(255),
    conditions: Conditions,
    source: text(1000).transform((source) => (source.includes('{') ? source : (parseSourceUrl(source) ?? source))),
    counts_pulls: z.boolean().default(true),
  })
  .transform(({ counts_pulls: countsPulls, ...form }): NewTrustPolicy => ({ ...form, countsPulls }));

/** A trust policy as REST answers it. */
export const answerOf = ({
  id,
  name,
  issuer,
  audience,
  conditions,
  source,
  sourceUrl,
  countsPulls,
}: TrustPolicy): TrustPolicyAnswer => ({
  id,
  name,
  issuer,
  audience,
  conditions,
  source: source ?? sourceUrl ?? '',
  counts_pulls: countsPulls,
});
