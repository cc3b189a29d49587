import { createHmac, type webcrypto } from 'node:crypto';
import {
  base64url,
  type CryptoKey,
  calculateJwkThumbprint,
  exportJWK,
  exportSPKI,
  generateKeyPair,
  importJWK,
  type JWK,
  SignJWT,
} from 'jose';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { parseRepositoryName } from '#oci';
import { BearerTokens } from './bearer-token.js';
import { ANONYMOUS, type Principal } from './principal.js';
import type { AccessEntry } from './scope.js';
import { type SigningKey, SigningKeyStore } from './signing-keys.js';

const NAME = 'berth-of-this-test';
const LIFETIME = 300;
const SKEW = 60;
const USER: Principal = { kind: 'user', userId: 12, tokenId: 34 };
const ACCESS: AccessEntry[] = [{ type: 'repository', name: parseRepositoryName('acme/app'), actions: ['pull'] }];

/** Signing keys as the database would keep them. */
class MemorySigningKeys extends SigningKeyStore {
  readonly keys: SigningKey[] = [];
  reads = 0;
  isDown = false;

  override async instanceName(): Promise<string> {
    return NAME;
  }

  override async current(): Promise<SigningKey> {
    const key = this.keys.at(-1);
    if (!key) throw new Error('no key');
    return key;
  }

  override async publicKeys(): Promise<JWK[]> {
    this.reads++;
    await new Promise((resolve) => setImmediate(resolve));
    if (this.isDown) throw new Error('the database is away');
    return this.keys.map(({ kid, privateJwk: { d: _, ...jwk } }) => ({ ...jwk, kid }));
  }

  override async list(): Promise<never> {
    throw new Error('nobody lists these');
  }

  override async rotate(): Promise<never> {
    throw new Error('nobody rotates these');
  }

  async add(): Promise<SigningKey> {
    const privateJwk = await exportJWK((await generateKeyPair('ES256', { extractable: true })).privateKey);
    const key = { kid: await calculateJwkThumbprint(privateJwk), privateJwk };
    this.keys.push(key);
    return key;
  }
}

let store: MemorySigningKeys;
let tokens: BearerTokens;
let key: SigningKey;
beforeEach(async () => {
  vi.useFakeTimers({ toFake: ['Date'], now: new Date('2026-06-01T12:00:00Z') });
  store = new MemorySigningKeys();
  key = await store.add();
  tokens = new BearerTokens(store, LIFETIME);
});
afterEach(() => {
  vi.useRealTimers();
});

const now = () => Math.floor(Date.now() / 1000);
const later = (seconds: number) => vi.setSystemTime(Date.now() + seconds * 1000);
const decode = (part: string | undefined) => JSON.parse(Buffer.from(part ?? '', 'base64url').toString());

interface Forgery {
  claims?: Record<string, unknown>;
  header?: Record<string, unknown>;
  signer?: CryptoKey | Uint8Array;
}

/** A token signed with the instance's own key unless something else is said: each trial changes one thing. */
async function forge({ claims, header, signer }: Forgery = {}): Promise<string> {
  const all = {
    iss: NAME,
    aud: NAME,
    sub: 'user:12',
    tid: 34,
    access: ACCESS,
    iat: now(),
    nbf: now(),
    exp: now() + LIFETIME,
    ...claims,
  };
  return new SignJWT(JSON.parse(JSON.stringify(all)))
    .setProtectedHeader({ alg: 'ES256', kid: key.kid, typ: 'berth-access+jwt', ...header })
    .sign(signer ?? (await importJWK(key.privateJwk, 'ES256')));
}

/** Header and claims as given, and this signature: what no library would make. */
const assemble = (header: object, claims: object, sign: (text: string) => string) => {
  const text = [header, claims].map((part) => base64url.encode(JSON.stringify(part))).join('.');
  return `${text}.${sign(text)}`;
};

const claimsOf = async () => decode((await forge()).split('.')[1]);

describe('an issued token', () => {
  it('says for whom, what for and how long', async () => {
    const { token, expiresIn, issuedAt } = await tokens.issue(USER, ACCESS);
    expect(expiresIn).toBe(LIFETIME);
    expect(issuedAt).toEqual(new Date('2026-06-01T12:00:00Z'));
    expect(await tokens.verify(token)).toEqual({ principal: USER, access: ACCESS, expiresAt: now() + LIFETIME });
    const [header, claims] = token.split('.').map((part, i) => (i < 2 ? decode(part) : part));
    expect(header).toEqual({ alg: 'ES256', kid: key.kid, typ: 'berth-access+jwt' });
    expect(claims).toMatchObject({ iss: NAME, aud: NAME, sub: 'user:12', tid: 34, iat: now(), nbf: now() });
    expect(claims.jti).toMatch(/^[0-9a-f-]{36}$/);
  });

  it('may be nobody’s', async () => {
    const { token } = await tokens.issue(ANONYMOUS, []);
    expect(await tokens.verify(token)).toEqual({ principal: ANONYMOUS, access: [], expiresAt: now() + LIFETIME });
  });

  it('is taken by another process with the same keys', async () => {
    const { token } = await tokens.issue(USER, ACCESS);
    expect(await new BearerTokens(store, LIFETIME).verify(token)).toBeDefined();
  });

  it('ends a minute after its time, whether it was seen before or not', async () => {
    const { token } = await tokens.issue(USER, ACCESS);
    expect(await tokens.verify(token)).toBeDefined();
    later(LIFETIME + SKEW - 1);
    expect(await tokens.verify(token)).toBeDefined();
    expect(await new BearerTokens(store, LIFETIME).verify(token)).toBeDefined();
    later(1);
    expect(await tokens.verify(token)).toBeUndefined();
    expect(await new BearerTokens(store, LIFETIME).verify(token)).toBeUndefined();
  });
});

it('takes the token that each trial below changes', async () => {
  expect(await tokens.verify(await forge())).toMatchObject({ principal: USER });
});

it.each<[string, () => Forgery]>([
  ['of another instance', () => ({ claims: { iss: 'berth-other' } })],
  ['for another instance', () => ({ claims: { aud: 'berth-other' } })],
  ['for several audiences', () => ({ claims: { aud: [NAME, 'berth-other'] } })],
  ['for a list of one audience', () => ({ claims: { aud: [NAME] } })],
  ['without audience', () => ({ claims: { aud: undefined } })],
  ['without issuer', () => ({ claims: { iss: undefined } })],
  ['without end', () => ({ claims: { exp: undefined } })],
  ['without beginning', () => ({ claims: { nbf: undefined } })],
  ['without time of issue', () => ({ claims: { iat: undefined } })],
  ['without subject', () => ({ claims: { sub: undefined } })],
  ['that has ended', () => ({ claims: { exp: now() - SKEW - 1 } })],
  ['that has not begun', () => ({ claims: { nbf: now() + SKEW + 2 } })],
  ['with an end that is no number', () => ({ claims: { exp: 'never' } })],
  ['with a made-up subject', () => ({ claims: { sub: 'user:1e3' } })],
  ['with a subject that goes on', () => ({ claims: { sub: 'user:12 ' } })],
  ['with a user but no token id', () => ({ claims: { tid: undefined } })],
  ['with a token id that is text', () => ({ claims: { tid: '34' } })],
  ['of another type', () => ({ header: { typ: 'JWT' } })],
  ['without type', () => ({ header: { typ: undefined } })],
  ['without key id', () => ({ header: { kid: undefined } })],
  ['with a key id that is a number', () => ({ header: { kid: 1 } })],
  ['with a key id that every object has', () => ({ header: { kid: '__proto__' } })],
])('refuses a token %s', async (_, change) => {
  expect(await tokens.verify(await forge(change()))).toBeUndefined();
});

describe('refuses a token signed by somebody else', () => {
  let attacker: { publicKey: CryptoKey; privateKey: CryptoKey };
  let jwk: JWK;
  beforeEach(async () => {
    attacker = await generateKeyPair('ES256', { extractable: true });
    jwk = await exportJWK(attacker.publicKey);
  });

  it.each(['the real key id', 'a key id of their own', 'no key id'])('under %s', async (which) => {
    const kid = { 'the real key id': key.kid, 'a key id of their own': 'theirs' }[which];
    for (const more of [
      {},
      { jwk },
      { jwk: { ...jwk, kid: key.kid } },
      { jku: 'http://127.0.0.1:9/jwks.json' },
      { x5u: 'http://127.0.0.1:9/chain.pem' },
      { x5c: ['AAAA'] },
    ]) {
      const forged = await forge({ header: { kid, ...more }, signer: attacker.privateKey });
      expect(await tokens.verify(forged)).toBeUndefined();
    }
  });

  it('with a signature of nothing but zeros', async () => {
    const [header, claims] = (await forge()).split('.');
    expect(await tokens.verify(`${header}.${claims}.${base64url.encode(new Uint8Array(64))}`)).toBeUndefined();
  });
});

it.each(['none', 'None', 'NONE', 'nOnE', ''])('refuses the algorithm %j', async (alg) => {
  const header = { alg, kid: key.kid, typ: 'berth-access+jwt' };
  const signature = (await forge()).split('.')[2] ?? '';
  for (const end of ['', signature]) {
    expect(await tokens.verify(assemble(header, await claimsOf(), () => end))).toBeUndefined();
  }
});

it('refuses HS256 with the public key as the secret', async () => {
  const [publicJwk] = await store.publicKeys();
  const pem = await exportSPKI((await importJWK(publicJwk ?? {}, 'ES256', { extractable: true })) as CryptoKey);
  const header = { alg: 'HS256', kid: key.kid, typ: 'berth-access+jwt' };
  for (const secret of [pem, pem.trim(), JSON.stringify(publicJwk), publicJwk?.x ?? '']) {
    const sign = (text: string) => createHmac('sha256', secret).update(text).digest('base64url');
    expect(await tokens.verify(assemble(header, await claimsOf(), sign))).toBeUndefined();
  }
});

it.each([{ crit: ['exp'] }, { crit: ['b64'], b64: true }, { crit: ['made-up'], 'made-up': 1 }, { crit: [] }])(
  'refuses a header that demands to be understood: %j',
  async (more) => {
    const header = { alg: 'ES256', kid: key.kid, typ: 'berth-access+jwt', ...more };
    const signer = await crypto.subtle.importKey(
      'jwk',
      key.privateJwk as webcrypto.JsonWebKey,
      { name: 'ECDSA', namedCurve: 'P-256' },
      false,
      ['sign'],
    );
    const text = assemble(header, await claimsOf(), () => '').slice(0, -1);
    const signature = await crypto.subtle.sign({ name: 'ECDSA', hash: 'SHA-256' }, signer, Buffer.from(text));
    expect(await tokens.verify(`${text}.${Buffer.from(signature).toString('base64url')}`)).toBeUndefined();
  },
);

it.each(['', '.', '..', 'a.b.c', 'x'.repeat(100), 'é.é.é', 'x'.repeat(9000), '{}', 'a.b.c.d.e'])(
  'refuses what is no token: %.20j',
  async (text) => {
    expect(await tokens.verify(text)).toBeUndefined();
  },
);

it('refuses a token with one character changed, wherever it is', async () => {
  const token = await forge();
  // The last character of a part may carry bits that decoding drops.
  for (let i = 0; i < token.length - 1; i += 7) {
    if (token[i] === '.' || token[i + 1] === '.') continue;
    const changed = token.slice(0, i) + (token[i] === 'A' ? 'B' : 'A') + token.slice(i + 1);
    expect(await tokens.verify(changed)).toBeUndefined();
  }
});

describe('keys', () => {
  it('are read once for many tokens', async () => {
    for (let i = 0; i < 20; i++) expect(await tokens.verify((await tokens.issue(USER, ACCESS)).token)).toBeDefined();
    expect(store.reads).toBe(1);
  });

  it('are read once for all who ask at the start, and nobody is refused meanwhile', async () => {
    const issued = await Promise.all(Array.from({ length: 20 }, () => tokens.issue(USER, ACCESS)));
    const fresh = new BearerTokens(store, LIFETIME);
    const verified = await Promise.all(issued.map(({ token }) => fresh.verify(token)));
    expect(verified.every((token) => token !== undefined)).toBe(true);
    expect(store.reads).toBe(1);
  });

  it('are read again for a key id that is new, so that a new key works at once', async () => {
    await tokens.verify((await tokens.issue(USER, ACCESS)).token);
    later(31);
    await store.add();
    expect(await tokens.verify((await tokens.issue(USER, ACCESS)).token)).toBeDefined();
    expect(store.reads).toBe(2);
  });

  it('are not read for each made-up key id', async () => {
    await tokens.verify(await forge());
    for (let i = 0; i < 50; i++)
      expect(await tokens.verify(await forge({ header: { kid: `made-up-${i}` } }))).toBeUndefined();
    expect(store.reads).toBe(1);
    later(31);
    for (let i = 0; i < 50; i++)
      expect(await tokens.verify(await forge({ header: { kid: `again-${i}` } }))).toBeUndefined();
    expect(store.reads).toBe(2);
  });

  it('stop counting a few minutes after they were taken away, also for tokens seen before', async () => {
    const token = await forge({ claims: { exp: now() + 86_400 } });
    expect(await tokens.verify(token)).toBeDefined();
    store.keys.length = 0;
    await store.add();
    later(301);
    expect(await tokens.verify(token)).toBeUndefined();
  });

  it('that cannot be read are a fault, not a refusal, and are asked for again by the next request', async () => {
    const token = await forge();
    store.isDown = true;
    await expect(tokens.verify(token)).rejects.toThrow('the database is away');
    store.isDown = false;
    expect(await tokens.verify(token)).toBeDefined();
  });

  it('that are known go on verifying while the database is away', async () => {
    const token = await forge();
    await tokens.verify(token);
    store.isDown = true;
    later(200);
    const another = await forge({ claims: { jti: 'another' } });
    expect(await tokens.verify(token)).toBeDefined();
    expect(await tokens.verify(another)).toBeDefined();
  });
});
