import { decodeJwt, decodeProtectedHeader, jwtVerify } from 'jose';
import type { IssuerKeys } from './issuer-keys.js';
import type { Claims } from './trust-policy.js';

const MAX_TOKEN_LENGTH = 8192;
const CLOCK_SKEW_SECONDS = 60;

/** Whether a password has the form of a signed JWT: three parts, the first one a JSON object. */
export function isIdentityToken(text: string): boolean {
  return text.length <= MAX_TOKEN_LENGTH && /^eyJ[\w-]+\.[\w-]+\.[\w-]+$/.test(text);
}

/** Who a token says issued it, before anything in it is believed; undefined for what is no token. */
export function issuerOf(token: string): string | undefined {
  try {
    const { iss } = decodeJwt(token);
    return typeof iss === 'string' ? iss : undefined;
  } catch {
    return undefined;
  }
}

/**
 * The claims of a token that this issuer signed and that is alive; undefined for any other. Of the header only `kid` and
 * `alg` count, and `alg` only together with the issuer's key of that id: `jwk`, `jku`, `x5u` and `x5c` are never looked at,
 * `none`, HMAC and encrypted tokens have no such key, and `crit` is refused. The same token may come again while it lives.
 */
export async function verifyIdentityToken(
  token: string,
  issuer: string,
  keys: IssuerKeys,
): Promise<Claims | undefined> {
  const header = headerOf(token);
  const key = header && (await keys.find(issuer, header.kid, header.alg));
  if (!key) return undefined;
  const verified = await jwtVerify(token, key, {
    algorithms: [header.alg],
    issuer,
    clockTolerance: CLOCK_SKEW_SECONDS,
    requiredClaims: ['sub', 'aud', 'exp', 'iat'],
  }).catch(() => undefined);
  const claims = verified?.payload;
  return claims && typeof claims.sub === 'string' && claims.sub !== '' ? claims : undefined;
}

/** Types of JWT that are somebody's identity; tokens of other types are made for other ends (RFC 8725, section 3.11). */
const TYPES = new Set([undefined, 'jwt', 'application/jwt']);

function headerOf(token: string): { kid: string; alg: string } | undefined {
  try {
    const { kid, alg, crit, typ } = decodeProtectedHeader(token);
    const isKnown = crit === undefined && TYPES.has(typeof typ === 'string' ? typ.toLowerCase() : typ);
    return isKnown && typeof kid === 'string' && typeof alg === 'string' ? { kid, alg } : undefined;
  } catch {
    return undefined;
  }
}
