import { type AccessFactsStore, hashToken, isPlausibleToken, type TokenHolder } from '#auth';

/** Whose personal access token this is; undefined for one that is unknown, mistyped, revoked or expired. */
export async function findTokenHolder(facts: AccessFactsStore, token: string): Promise<TokenHolder | undefined> {
  return isPlausibleToken(token) ? facts.findTokenHolder(hashToken(token)) : undefined;
}
