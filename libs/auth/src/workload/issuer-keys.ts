import { type CryptoKey, importJWK, type JWK } from 'jose';
import QuickLRU from 'quick-lru';

/** Asks for a document over the network; the guarded fetch of `#net` fits. */
export type Fetch = (url: string) => Promise<Response>;

/** Read again after this, so that a key which its issuer withdrew opens nothing any more. */
const FRESH_MS = 10 * 60_000;
/** How long known keys serve while their issuer does not answer. */
const STALE_MS = 60 * 60_000;
/** An unknown key id makes Berth ask again, and a failure try again, but no more often than this. */
const REFETCH_MS = 30_000;
const MAX_ISSUERS = 200;
const MAX_KEYS = 100;

interface KeySet {
  keys: Map<string, JWK>;
  readAt: number;
  triedAt: number;
  reading: Promise<void> | undefined;
}

/** The signing algorithms that OpenID issuers use, with the kind of key each needs: no HMAC, for the keys are public. */
const KEY_TYPES: Record<string, { kty: string; crv?: string }> = {
  RS256: { kty: 'RSA' },
  RS384: { kty: 'RSA' },
  RS512: { kty: 'RSA' },
  PS256: { kty: 'RSA' },
  PS384: { kty: 'RSA' },
  PS512: { kty: 'RSA' },
  ES256: { kty: 'EC', crv: 'P-256' },
  ES384: { kty: 'EC', crv: 'P-384' },
  ES512: { kty: 'EC', crv: 'P-521' },
  EdDSA: { kty: 'OKP', crv: 'Ed25519' },
  Ed25519: { kty: 'OKP', crv: 'Ed25519' },
};

/** Public keys of OpenID issuers, found through their discovery document. Only issuers that a policy names are asked. */
export class IssuerKeys {
  private readonly sets = new QuickLRU<string, KeySet>({ maxSize: MAX_ISSUERS });

  /** `now` in milliseconds, for tests of what happens later. */
  constructor(
    private readonly fetch: Fetch,
    private readonly now: () => number = Date.now,
  ) {}

  /**
   * The issuer's key of this id, for this algorithm and no other. Undefined when there is none; an issuer that does not
   * answer counts as having none, once its last keys are an hour old.
   */
  async find(issuer: string, kid: string, algorithm: string): Promise<CryptoKey | undefined> {
    const set = this.setOf(issuer);
    const age = this.now() - set.readAt;
    const mayAsk = this.now() - set.triedAt >= REFETCH_MS;
    if (set.reading) await set.reading;
    else if (mayAsk && (age > FRESH_MS || !set.keys.has(kid))) await this.read(issuer, set);
    if (this.now() - set.readAt > STALE_MS) return undefined;
    const jwk = set.keys.get(kid);
    const isFit = jwk !== undefined && Object.hasOwn(KEY_TYPES, algorithm) && fitsKey(jwk, algorithm);
    const key = isFit ? await importJWK(jwk, algorithm).catch(() => undefined) : undefined;
    return key instanceof Uint8Array ? undefined : key;
  }

  private setOf(issuer: string): KeySet {
    const known = this.sets.get(issuer);
    if (known) return known;
    const never = Number.NEGATIVE_INFINITY;
    const set: KeySet = { keys: new Map(), readAt: never, triedAt: never, reading: undefined };
    this.sets.set(issuer, set);
    return set;
  }

  /** One reading serves all who wait. Never throws: what cannot be read leaves the keys as they were. */
  private read(issuer: string, set: KeySet): Promise<void> {
    set.triedAt = this.now();
    set.reading = this.fetchKeys(issuer)
      .then((keys) => {
        set.keys = keys;
        set.readAt = this.now();
      })
      .catch(() => undefined)
      .finally(() => {
        set.reading = undefined;
      });
    return set.reading;
  }

  private async fetchKeys(issuer: string): Promise<Map<string, JWK>> {
    const discovery = await this.fetchJson(`${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`);
    // Else one issuer's keys could sign for another (OpenID Connect Discovery, section 4.3).
    if (discovery.issuer !== issuer || typeof discovery.jwks_uri !== 'string') throw new Error('not this issuer');
    const { keys } = await this.fetchJson(discovery.jwks_uri);
    if (!Array.isArray(keys)) throw new Error('not a key set');
    return new Map(keys.slice(0, MAX_KEYS).flatMap((key: JWK) => (isSigning(key) ? [[key.kid, key]] : [])));
  }

  private async fetchJson(url: string): Promise<Record<string, unknown>> {
    const answer = await this.fetch(url);
    const value: unknown = answer.status === 200 ? await answer.json() : undefined;
    if (typeof value !== 'object' || value === null) throw new Error('no document');
    return value as Record<string, unknown>;
  }
}

/** Known by an id, and meant for signatures. */
function isSigning(key: JWK): key is JWK & { kid: string } {
  return typeof key?.kid === 'string' && (key.use === undefined || key.use === 'sig');
}

/** A key's own words bind: an RSA key checks no ES256, a key for RS256 no PS256. */
function fitsKey(key: JWK, algorithm: string): boolean {
  const needed = KEY_TYPES[algorithm];
  const fitsType = key.kty === needed?.kty && (needed?.crv === undefined || key.crv === needed.crv);
  return fitsType && (key.alg === undefined || key.alg === algorithm);
}
