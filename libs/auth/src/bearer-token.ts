import { randomUUID } from 'node:crypto';
import { type CryptoKey, decodeProtectedHeader, importJWK, type JWTPayload, jwtVerify, SignJWT } from 'jose';
import QuickLRU from 'quick-lru';
import { ANONYMOUS, type Principal } from './principal.js';
import type { AccessEntry } from './scope.js';
import type { SigningKeyStore } from './signing-keys.js';

const ALGORITHM = 'ES256';
/** Told apart from any other token that the instance may sign one day. */
const TYPE = 'berth-access+jwt';
const MAX_TOKEN_LENGTH = 8192;
const CLOCK_SKEW_SECONDS = 60;
/** Clients hold a token for good for less than this to be an error. */
const SHORTEST_SECONDS = 60;
/** An unknown key id makes Berth look for new keys, but no more often than this. */
const KEY_REFETCH_MS = 30_000;
/** A key that an operator took away signs nothing any more after this. */
const KEYS_MAX_AGE_MS = 300_000;

/** What a verified bearer token says. Its access list narrows what its subject may do; it grants nothing by itself. */
export interface BearerToken {
  principal: Principal;
  access: AccessEntry[];
  /** Seconds since 1970. */
  expiresAt: number;
}

export interface IssuedToken {
  token: string;
  expiresIn: number;
  issuedAt: Date;
}

/** Issues and verifies the short-lived tokens of the Docker token protocol. */
export class BearerTokens {
  private readonly verified = new QuickLRU<string, { kid: string; says: BearerToken }>({ maxSize: 10_000 });
  private keys = new Map<string, CryptoKey | Uint8Array>();
  private keysReadAt = Number.NEGATIVE_INFINITY;
  private reading: Promise<void> | undefined;
  private signer: Promise<{ kid: string; key: CryptoKey | Uint8Array }> | undefined;
  private signerReadAt = 0;

  /** `lifetime` in seconds. */
  constructor(
    private readonly store: SigningKeyStore,
    private readonly lifetime: number,
  ) {}

  /** `notAfter`, in seconds since 1970, is the end of what the principal proved itself by: the token ends then, or in a minute. */
  async issue(principal: Principal, access: AccessEntry[], notAfter = Number.POSITIVE_INFINITY): Promise<IssuedToken> {
    const { kid, key } = await this.currentSigner();
    const name = await this.store.instanceName();
    const issuedAt = new Date();
    const now = Math.floor(issuedAt.getTime() / 1000);
    const expiresIn = Math.min(this.lifetime, Math.max(notAfter - now, SHORTEST_SECONDS));
    const { subject, claims } = claimsOf(principal);
    const token = await new SignJWT({ ...claims, access })
      .setProtectedHeader({ alg: ALGORITHM, kid, typ: TYPE })
      .setIssuer(name)
      .setAudience(name)
      .setSubject(subject)
      .setIssuedAt(now)
      .setNotBefore(now)
      .setExpirationTime(now + expiresIn)
      .setJti(randomUUID())
      .sign(key);
    return { token, expiresIn, issuedAt };
  }

  /**
   * What the token says, or undefined when it is not one that this instance signed and that is alive now. Keys that cannot
   * be read are an error: nobody is told that a good token is bad.
   */
  async verify(token: string): Promise<BearerToken | undefined> {
    const known = this.verified.get(token);
    if (known) {
      const isAlive = known.says.expiresAt + CLOCK_SKEW_SECONDS > Date.now() / 1000;
      return isAlive && (await this.findKey(known.kid)) ? known.says : undefined;
    }
    const kid = token.length > MAX_TOKEN_LENGTH ? undefined : keyIdOf(token);
    const key = kid === undefined ? undefined : await this.findKey(kid);
    if (kid === undefined || !key) return undefined;
    const says = await this.verifySignature(token, key);
    if (says) this.verified.set(token, { kid, says });
    return says;
  }

  private async verifySignature(token: string, key: CryptoKey | Uint8Array): Promise<BearerToken | undefined> {
    const name = await this.store.instanceName();
    const verified = await jwtVerify(token, key, {
      algorithms: [ALGORITHM],
      typ: TYPE,
      issuer: name,
      audience: name,
      clockTolerance: CLOCK_SKEW_SECONDS,
      requiredClaims: ['sub', 'exp', 'nbf', 'iat'],
    }).catch(() => undefined);
    if (!verified) return undefined;
    const { access, aud, exp } = verified.payload;
    const principal = typeof aud === 'string' ? principalOf(verified.payload) : undefined;
    // No list would be no limit.
    return principal && exp !== undefined && isAccess(access) ? { principal, access, expiresAt: exp } : undefined;
  }

  private async findKey(kid: string): Promise<CryptoKey | Uint8Array | undefined> {
    const age = Date.now() - this.keysReadAt;
    if (age > (this.keys.has(kid) ? KEYS_MAX_AGE_MS : KEY_REFETCH_MS)) await this.readKeys();
    return this.keys.get(kid);
  }

  /** One reading serves all who need it at the moment. */
  private readKeys(): Promise<void> {
    this.reading ??= this.readKeysNow().finally(() => {
      this.reading = undefined;
    });
    return this.reading;
  }

  private async readKeysNow(): Promise<void> {
    const now = Date.now();
    const keys = new Map<string, CryptoKey | Uint8Array>();
    for (const jwk of await this.store.publicKeys()) keys.set(jwk.kid ?? '', await importJWK(jwk, ALGORITHM));
    this.keys = keys;
    this.keysReadAt = now;
  }

  private async currentSigner(): Promise<{ kid: string; key: CryptoKey | Uint8Array }> {
    if (!this.signer || Date.now() - this.signerReadAt > KEY_REFETCH_MS) {
      this.signerReadAt = Date.now();
      this.signer = this.store.current().then(async ({ kid, privateJwk }) => {
        return { kid, key: await importJWK(privateJwk, ALGORITHM) };
      });
      this.signer.catch(() => {
        this.signer = undefined;
      });
    }
    return this.signer;
  }
}

/** Only the key id is taken from the header: jwk, jku, x5u and x5c in it are never looked at (CVE-2025-24976). */
function keyIdOf(token: string): string | undefined {
  try {
    const { kid, crit } = decodeProtectedHeader(token);
    return typeof kid === 'string' && crit === undefined ? kid : undefined;
  } catch {
    return undefined;
  }
}

function isAccess(value: unknown): value is AccessEntry[] {
  return (
    Array.isArray(value) && value.every((entry) => typeof entry?.name === 'string' && Array.isArray(entry.actions))
  );
}

/** A workflow's claims: what let it in (policy), what it is of (source, namespace), and its subject at its issuer. */
function claimsOf(principal: Principal): { subject: string; claims: JWTPayload } {
  switch (principal.kind) {
    case 'anonymous':
      return { subject: 'anonymous', claims: {} };
    case 'user':
      return { subject: `user:${principal.userId}`, claims: { tid: principal.tokenId } };
    case 'workflow': {
      const { policyId, sourceId, namespaceId, subject } = principal;
      return { subject: `workflow:${policyId}`, claims: { src: sourceId, ns: namespaceId, wsub: subject } };
    }
  }
}

function principalOf({ sub, tid, src, ns, wsub }: JWTPayload): Principal | undefined {
  if (sub === 'anonymous') return ANONYMOUS;
  const [, kind, digits] = /^(user|workflow):([0-9]{1,10})$/.exec(typeof sub === 'string' ? sub : '') ?? [];
  const id = Number(digits);
  if (kind === 'user' && isId(tid)) return { kind, userId: id, tokenId: tid };
  if (kind === 'workflow' && isId(src) && isId(ns) && typeof wsub === 'string') {
    return { kind, policyId: id, sourceId: src, namespaceId: ns, subject: wsub };
  }
  return undefined;
}

const isId = (value: unknown): value is number => Number.isSafeInteger(value);
