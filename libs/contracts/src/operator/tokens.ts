import { z } from 'zod';
import { next, time } from './shapes.js';

export const TokenAnswer = z.object({
  id: z.int(),
  name: z.string(),
  scopes: z.array(z.string()),
  organization: z.string().nullable(),
  packages: z.array(z.string()).nullable(),
  sso_organizations: z.array(z.string()),
  counts_pulls: z.boolean(),
  created_at: time,
  expires_at: time.nullable(),
  last_used_at: time.nullable(),
});
export type TokenAnswer = z.output<typeof TokenAnswer>;

/** With the token itself, which is shown this once. */
export const NewTokenAnswer = TokenAnswer.extend({ token: z.string() });
export type NewTokenAnswer = z.output<typeof NewTokenAnswer>;

export const TokensAnswer = z.object({ tokens: z.array(TokenAnswer), next });
export type TokensAnswer = z.output<typeof TokensAnswer>;
