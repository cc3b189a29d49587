import type { BearerToken, Principal, TokenHolder } from '#auth';
import type { Viewer } from '#registry';

/** What a request proved about its caller. */
export interface Credentials {
  principal: Principal;
  /** Present when it came by bearer token, whose list then narrows what it may do. */
  access: BearerToken['access'] | undefined;
  /** End of what it was proved by, in seconds since 1970, where that is no token of Berth's own. */
  expiresAt?: number | undefined;
}

/** Bad credentials are told from none: the first are a 401 everywhere, public packages included. */
export const REJECTED = 'rejected';

/** The principal that a personal access token stands for. */
export const principalOf = ({ userId, tokenId }: TokenHolder): Principal => ({ kind: 'user', userId, tokenId });

/** The same, for lists. */
export const viewerOf = ({ userId, tokenId, scopes }: TokenHolder): Viewer => ({
  userId: scopes.includes('admin:registry') ? undefined : userId,
  tokenId,
});

/** The token of a Bearer header (RFC 6750). */
export function parseBearer(header: string | undefined): string | undefined {
  return credentialsOf(header, 'bearer');
}

/** The token of GitHub's own older form, `Authorization: token PAT`. */
export function parseToken(header: string | undefined): string | undefined {
  return credentialsOf(header, 'token');
}

/** What follows the scheme and one space (RFC 9110); undefined for another scheme. */
function credentialsOf(header: string | undefined, scheme: 'basic' | 'bearer' | 'token'): string | undefined {
  const space = header?.indexOf(' ') ?? -1;
  if (header === undefined || space < 0 || header.slice(0, space).toLowerCase() !== scheme) return undefined;
  return header.slice(space + 1);
}

/** User name and password of a Basic header (RFC 7617); undefined for anything malformed. */
export function parseBasic(header: string | undefined): { username: string; password: string } | undefined {
  const encoded = credentialsOf(header, 'basic');
  if (encoded === undefined || !/^[A-Za-z0-9+/]+={0,2}$/.test(encoded)) return undefined;
  const text = Buffer.from(encoded, 'base64').toString('utf8');
  const colon = text.indexOf(':');
  if (colon < 1 || text.includes('\0')) return undefined;
  return { username: text.slice(0, colon), password: text.slice(colon + 1) };
}
