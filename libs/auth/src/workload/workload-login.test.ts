import { generateKeyPair, importJWK, SignJWT, UnsecuredJWT } from 'jose';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startIssuer, type TestIssuer } from '../../../../test/support/issuer.js';
import { IssuerKeys } from './issuer-keys.js';
import type { TrustPolicy } from './trust-policy.js';
import { TrustPolicyStore } from './trust-policy-store.js';
import { WorkloadLogin } from './workload-login.js';

const MAIN = { repository: 'acme/app', repository_owner: 'acme', ref: 'refs/heads/main' };
const MINUTE = 60_000;

let issuer: TestIssuer;
let policies: TrustPolicy[];
let sources: Map<string, number>;
let later: number;
let login: WorkloadLogin;

/** Policies kept in memory: what this file tries is the token. */
class ListedPolicies extends TrustPolicyStore {
  override findByIssuer = async (url: string, namespaces: readonly string[], after: number) =>
    policies
      .filter(({ issuer: named, namespace, id }) => {
        return named === url && (namespaces.length === 0 || namespaces.includes(namespace)) && id > after;
      })
      .slice(0, 2);
  override findSource = async (namespaceId: number, url: string) => sources.get(`${namespaceId} ${url}`);
  override list = async () => policies;
  override create = async () => undefined;
  override remove = async () => false;
}

const policy = (more: Partial<TrustPolicy> = {}): TrustPolicy => ({
  id: 1,
  namespaceId: 7,
  namespace: 'acme',
  name: 'releases',
  issuer: issuer.url,
  audience: 'berth',
  conditions: { repository: 'acme/app' },
  sourceId: 3,
  source: 'https://github.com/acme/app',
  sourceUrl: undefined,
  countsPulls: true,
  ...more,
});

beforeEach(async () => {
  issuer = await startIssuer();
  issuer.accounts.set('run-1', MAIN);
  policies = [policy()];
  sources = new Map();
  later = 0;
  login = new WorkloadLogin(new ListedPolicies(), new IssuerKeys(fetch, () => Date.now() + later));
});

afterEach(() => issuer.stop());

describe('a token that the provider gave', () => {
  it('makes its bearer a workflow of the source', async () => {
    const token = await issuer.idToken('run-1', 'berth');
    expect(await login.run(token)).toEqual({
      principal: { kind: 'workflow', subject: 'run-1', policyId: 1, sourceId: 3, namespaceId: 7 },
      expiresAt: expect.any(Number),
    });
  });

  it.each([
    ['cut', `${'a'.repeat(254)}😀b`, `${'a'.repeat(254)}\ufffd`],
    ['rid of what cannot be stored', 'run\0-\0 2', 'run- 2'],
  ])('has a subject for people to read, %s', async (_, sub, subject) => {
    const now = Math.floor(Date.now() / 1000);
    const token = await issuer.sign({ ...MAIN, iss: issuer.url, aud: 'berth', sub, iat: now, exp: now + 600 });
    expect(await login.run(token)).toMatchObject({ principal: { subject } });
  });

  it('may come again within its life, as docker sends it for each token', async () => {
    const token = await issuer.idToken('run-1', 'berth');
    const first = await login.run(token);
    for (let i = 0; i < 5; i++) expect(await login.run(token)).toEqual(first);
    expect(issuer.keysRead()).toBe(1);
  });

  it('is of no use where it was made for another audience', async () => {
    expect(await login.run(await issuer.idToken('run-1', 'https://elsewhere.example'))).toBe('untrusted');
  });

  it.each<[string, Partial<TrustPolicy>, string | undefined]>([
    ['another repository', { conditions: { repository: 'acme/other' } }, 'untrusted'],
    ['another branch as well', { conditions: { repository: 'acme/app', ref: 'refs/heads/release' } }, 'untrusted'],
    ['a claim that it lacks', { conditions: { repository: 'acme/app', environment: '*' } }, 'untrusted'],
    ['a property of every object', { conditions: { constructor: '*' } }, 'untrusted'],
    ['nothing', { conditions: {} }, 'untrusted'],
    ['another issuer', { issuer: 'https://issuer.example' }, undefined],
    ['the issuer with a slash', { issuer: 'with a slash' }, undefined],
  ])('does not fit a policy that asks for %s', async (_, more, answer) => {
    policies = [policy(more.issuer === 'with a slash' ? { issuer: `${issuer.url}/` } : more)];
    expect(await login.run(await issuer.idToken('run-1', 'berth'))).toBe(answer);
  });

  it('fits patterns', async () => {
    policies = [policy({ conditions: { repository: 'acme/*', ref: 'refs/*/main' } })];
    expect(await login.run(await issuer.idToken('run-1', 'berth'))).toMatchObject({ principal: { policyId: 1 } });
  });

  it('is of the source that its claims name, by the policy of an organisation', async () => {
    policies = [policy({ sourceId: undefined, sourceUrl: 'https://github.com/{repository}' })];
    const token = await issuer.idToken('run-1', 'berth');
    expect(await login.run(token)).toBe('untrusted');
    sources.set('7 https://github.com/acme/app', 12);
    expect(await login.run(token)).toMatchObject({ principal: { sourceId: 12 } });
  });

  it('is of that source whatever capitals the claims have', async () => {
    issuer.accounts.set('run-2', { ...MAIN, repository: 'Acme/App' });
    policies = [
      policy({ conditions: { ref: 'refs/*' }, sourceId: undefined, sourceUrl: 'https://git.example/{repository}' }),
    ];
    sources.set('7 https://git.example/acme/app', 12);
    expect(await login.run(await issuer.idToken('run-2', 'berth'))).toMatchObject({ principal: { sourceId: 12 } });
  });

  it('finds its policy among however many of others', async () => {
    const foreign = { namespaceId: 9, namespace: 'foreign', sourceId: 9 };
    policies = [1, 2, 3, 4, 5].map((id) => policy({ id, ...foreign, conditions: { repository: 'foreign/app' } }));
    policies.push(policy({ id: 6 }));
    const token = await issuer.idToken('run-1', 'berth');
    for (const owners of [[], ['acme'], ['foreign'], ['nobody']]) {
      expect(await login.run(token, owners)).toMatchObject({ principal: { policyId: 6 } });
    }
    policies.pop();
    expect(await login.run(token, ['acme'])).toBe('untrusted');
  });

  it('takes the policy of the namespace that it wants to act in', async () => {
    policies = [policy({ id: 1 }), policy({ id: 2, namespaceId: 8, namespace: 'other', sourceId: 4 })];
    const token = await issuer.idToken('run-1', 'berth');
    expect(await login.run(token)).toMatchObject({ principal: { policyId: 1 } });
    expect(await login.run(token, ['other'])).toMatchObject({ principal: { policyId: 2, namespaceId: 8 } });
  });
});

describe('what is not genuine', () => {
  const publicPem = async () => {
    const { kty, n, e } = issuer.publicJwk();
    const { exportSPKI } = await import('jose');
    return exportSPKI((await importJWK({ kty, n, e } as never, 'RS256', { extractable: true })) as never);
  };
  const claims = () => {
    const now = Math.floor(Date.now() / 1000);
    return { iss: issuer.url, aud: 'berth', sub: 'run-1', iat: now, exp: now + 300, ...MAIN };
  };
  const kid = () => issuer.publicJwk().kid ?? '';

  it('a token signed by the same key in the same form is: the others below differ in one thing', async () => {
    expect(await login.run(await issuer.sign(claims()))).toMatchObject({ principal: { policyId: 1 } });
  });

  it('an issuer that no policy names is never asked for its keys', async () => {
    policies = [];
    expect(await login.run(await issuer.sign(claims()))).toBeUndefined();
    expect(issuer.keysRead()).toBe(0);
  });

  it.each<[string, Record<string, unknown>]>([
    ['expired', { exp: Math.floor(Date.now() / 1000) - 61 }],
    ['not valid yet', { nbf: Math.floor(Date.now() / 1000) + 120 }],
    ['without an end', { exp: undefined }],
    ['without a subject', { sub: undefined }],
    ['with a subject that is no text', { sub: 5 }],
    ['with an empty subject', { sub: '' }],
    ['without an audience', { aud: undefined }],
  ])('%s', async (_, more) => {
    expect(await login.run(await issuer.sign({ ...claims(), ...more }))).toBeUndefined();
  });

  it.each<[string, unknown]>([
    ['two audiences', ['berth', 'https://elsewhere.example']],
    ['no audience in a list', []],
    ['an object', { berth: true }],
  ])('with %s: untrusted', async (_, aud) => {
    expect(await login.run(await issuer.sign({ ...claims(), aud }))).not.toMatchObject({ principal: {} });
  });

  it('takes a list of the one audience, as Kubernetes writes it', async () => {
    expect(await login.run(await issuer.sign({ ...claims(), aud: ['berth'] }))).toMatchObject({ principal: {} });
  });

  it.each<[string, Record<string, unknown>]>([
    ['an unknown key id', { kid: 'unknown' }],
    ['no key id', { kid: undefined }],
    ['a key id that is no text', { kid: 1 }],
    ['the type of another token', { typ: 'at+jwt' }],
    ['the type of a logout token', { typ: 'logout+jwt' }],
  ])('with %s', async (_, header) => {
    expect(await login.run(await issuer.sign(claims(), header))).toBeUndefined();
  });

  it('with a critical header', async () => {
    const token = await issuer.sign(claims());
    const [, payload, signature] = token.split('.');
    const header = { alg: 'RS256', kid: kid(), crit: ['exp'], exp: 1 };
    expect(await login.run([encode(header), payload, signature].join('.'))).toBeUndefined();
  });

  it('signed by somebody else, under the known key id or with the key in its header', async () => {
    const { privateKey, publicKey } = await generateKeyPair('RS256', { extractable: true });
    const jwk = await (await import('jose')).exportJWK(publicKey);
    for (const header of [
      { kid: kid() },
      { kid: kid(), jwk },
      { jwk },
      { kid: kid(), jku: 'http://127.0.0.1:1/jwks' },
    ]) {
      const token = await new SignJWT(claims()).setProtectedHeader({ alg: 'RS256', ...header }).sign(privateKey);
      expect(await login.run(token)).toBeUndefined();
    }
  });

  it('signed with HMAC and the public key for a secret, in any of its forms', async () => {
    const pem = await publicPem();
    const der = Buffer.from(pem.replace(/-----[^-]+-----|\s/g, ''), 'base64');
    const forms = [pem, pem.trim(), ` ${pem}`, pem.replace(/\n/g, '\r\n'), der, JSON.stringify(issuer.publicJwk())];
    for (const secret of forms) {
      const token = await new SignJWT(claims())
        .setProtectedHeader({ alg: 'HS256', kid: kid() })
        .sign(typeof secret === 'string' ? Buffer.from(secret) : secret);
      expect(await login.run(token)).toBeUndefined();
    }
  });

  it.each(['none', 'None', 'nOnE', '', 'HS256', 'RS512', 'PS256', 'ES256', 'constructor', '__proto__'])(
    'whose header says %j over a good signature',
    async (alg) => {
      const [, payload, signature] = (await issuer.sign(claims())).split('.');
      for (const last of [signature, '', 'AAAA', Buffer.alloc(64).toString('base64url')]) {
        expect(await login.run([encode({ alg, kid: kid() }), payload, last].join('.'))).toBeUndefined();
      }
    },
  );

  it('unsecured, or with another payload under the signature', async () => {
    expect(await login.run(new UnsecuredJWT(claims()).encode())).toBeUndefined();
    const [header, , signature] = (await issuer.sign(claims())).split('.');
    const forged = encode({ ...claims(), repository: 'acme/other' });
    expect(await login.run([header, forged, signature].join('.'))).toBeUndefined();
  });

  it.each(['', '.', '..', 'a.b.c', 'eyJ.eyJ.x', `${'.'.repeat(8000)}`, `eyJ${'A'.repeat(9000)}.a.b`])(
    'no token at all: %.20j',
    async (text) => {
      expect(await login.run(text)).toBeUndefined();
    },
  );

  it('with an issuer that is a list', async () => {
    expect(await login.run(await issuer.sign({ ...claims(), iss: [issuer.url] }))).toBeUndefined();
  });
});

describe('keys', () => {
  it('of another issuer do not count, even where it claims to be this one', async () => {
    const impostor = await startIssuer();
    try {
      policies = [policy(), policy({ id: 2, issuer: impostor.url })];
      expect(await login.run(await impostor.sign({ ...MAIN, iss: issuer.url }))).toBeUndefined();
    } finally {
      await impostor.stop();
    }
  });

  it('are read again when a new one signs, but not for every unknown id', async () => {
    await login.run(await issuer.sign(MAIN));
    await issuer.rotate();
    const fresh = await issuer.sign(MAIN);
    expect(await login.run(fresh)).toBeUndefined();
    expect(issuer.keysRead()).toBe(1);
    later = MINUTE;
    expect(await login.run(fresh)).toMatchObject({ principal: { policyId: 1 } });
    for (let i = 0; i < 20; i++) await login.run(await issuer.sign(MAIN, { kid: `made-up-${i}` }));
    expect(issuer.keysRead()).toBe(2);
  });

  it('that were withdrawn stop counting', async () => {
    const old = await issuer.sign({ ...MAIN, exp: Math.floor(Date.now() / 1000) + 3600 });
    expect(await login.run(old)).toMatchObject({ principal: {} });
    await issuer.rotate();
    later = 11 * MINUTE;
    expect(await login.run(old)).toBeUndefined();
  });

  it('go on serving while their issuer does not answer, for an hour', async () => {
    const token = await issuer.sign({ ...MAIN, exp: Math.floor(Date.now() / 1000) + 3600 });
    await login.run(token);
    issuer.answers(false);
    later = 30 * MINUTE;
    expect(await login.run(token)).toMatchObject({ principal: {} });
    later = 61 * MINUTE;
    expect(await login.run(token)).toBeUndefined();
    issuer.answers(true);
    later = 62 * MINUTE;
    expect(await login.run(token)).toMatchObject({ principal: {} });
  });

  it('are read once for all who wait', async () => {
    const token = await issuer.sign(MAIN);
    await Promise.all(Array.from({ length: 20 }, () => login.run(token)));
    expect(issuer.keysRead()).toBe(1);
  });
});

const encode = (part: object): string => Buffer.from(JSON.stringify(part)).toString('base64url');
