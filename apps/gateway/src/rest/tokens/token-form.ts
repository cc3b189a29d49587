import { z } from 'zod';
import { TOKEN_SCOPES, type TokenRecord } from '#auth';
import type { TokenAnswer } from '#contracts';
import { isNameComponent, isRepositoryName } from '#oci';
import { restTime } from '../rest-time.js';

const Owner = z
  .string()
  .max(39)
  .transform((text) => text.toLowerCase())
  .refine(isNameComponent, 'must be the login of an organisation or user');

const PackageName = z.string().transform((text, context) => {
  const name = text.toLowerCase();
  if (isRepositoryName(name)) return name;
  context.addIssue({ code: 'custom', message: 'must be OWNER/NAME' });
  return z.NEVER;
});

const Packages = z.array(PackageName).min(1).max(100);

/** What a token is to be confined to; null for nothing. */
export const TokenConfinementForm = z.strictObject({
  organization: Owner.nullable().default(null),
  packages: Packages.nullable().default(null),
});

/** A personal access token as its owner asks for it. */
export const TokenForm = z.strictObject({
  name: z
    .string()
    .min(1)
    .max(100)
    .refine((name) => !name.includes('\0'), 'no NUL'),
  scopes: z
    .array(z.enum(TOKEN_SCOPES))
    .min(1)
    .transform((scopes) => [...new Set(scopes)]),
  expires_in_days: z.int().min(1).max(3650).optional(),
  /** The only namespace that the token acts in. */
  organization: Owner.optional(),
  /** The only packages that it acts on. */
  packages: Packages.optional(),
  /** False for scanners and health checks: what they pull is no download. */
  counts_pulls: z.boolean().default(true),
});

export const tokenView = (token: TokenRecord): TokenAnswer => ({
  id: token.id,
  name: token.name,
  scopes: token.scopes,
  organization: token.namespace ?? null,
  packages: token.packages ?? null,
  sso_organizations: token.signedOnTo,
  counts_pulls: token.countsPulls,
  created_at: restTime(token.createdAt),
  expires_at: token.expiresAt ? restTime(token.expiresAt) : null,
  last_used_at: token.lastUsedAt ? restTime(token.lastUsedAt) : null,
});
