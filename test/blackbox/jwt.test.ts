// Forged and misused bearer tokens: section 1b of the advisories, rows 142 and 143 of the table.
import { createHmac, createPrivateKey, generateKeyPairSync, type KeyObject, randomUUID, sign } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startBerth, type TestBerth } from '../support/berth.js';
import { type Accounts, createAccounts } from '../support/client.js';
import { ask } from '../support/raw.js';
import { expectRefusal } from '../support/rows.js';

const TAGS = '/v2/acme/app/tags/list';
const ACCESS = [{ type: 'repository', name: 'acme/app', actions: ['pull', 'push', 'delete'] }];

let berth: TestBerth;
let accounts: Accounts;
/** Berth's own key, as only its database knows it. */
let own: { kid: string; key: KeyObject; jwk: Record<string, unknown>; pem: string };
let claims: Record<string, unknown>;
let header: Record<string, unknown>;

beforeAll(async () => {
  berth = await startBerth();
  accounts = await createAccounts(berth);
  await accounts.pusher.push('acme/app', '1');
  const [row] = await berth.sql<{
    kid: string;
    private_jwk: Record<string, unknown>;
    public_jwk: Record<string, unknown>;
  }>('SELECT kid, private_jwk, public_jwk FROM signing_keys ORDER BY signs_from LIMIT 1');
  if (!row) throw new Error('no signing key');
  const key = createPrivateKey({ key: row.private_jwk as never, format: 'jwk' });
  own = { kid: row.kid, key, jwk: row.public_jwk, pem: pemOf(key) };
  const [head = '', body = ''] = (await accounts.pusher.bearerFor(TAGS)).split('.');
  header = JSON.parse(Buffer.from(head, 'base64url').toString());
  claims = JSON.parse(Buffer.from(body, 'base64url').toString());
});

afterAll(async () => {
  await berth.stop();
});

const { createPublicKey } = await import('node:crypto');
const pemOf = (key: KeyObject) => createPublicKey(key).export({ type: 'spki', format: 'pem' }).toString();
const base64url = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
const now = () => Math.floor(Date.now() / 1000);
const signedBy = (key: KeyObject, head: unknown, body: unknown, digest = 'sha256'): string => {
  const text = `${base64url(head)}.${base64url(body)}`;
  return `${text}.${sign(digest, Buffer.from(text), { key, dsaEncoding: 'ieee-p1363' }).toString('base64url')}`;
};
const withSecret = (secret: string | Buffer, head: unknown, body: unknown, digest = 'sha256'): string => {
  const text = `${base64url(head)}.${base64url(body)}`;
  return `${text}.${createHmac(digest, secret).update(text).digest('base64url')}`;
};

const use = (token: string, path = TAGS) => ask(berth, { path, headers: { Authorization: `Bearer ${token}` } });

async function expectRejected(token: string): Promise<void> {
  for (const path of [TAGS, '/v2/', '/v2/acme/none/tags/list']) {
    const answer = await use(token, path);
    expect([answer.status, path]).toEqual([401, path]);
    expectRefusal(answer);
    expect(answer.headers['www-authenticate']).toContain('error="invalid_token"');
  }
}

describe('signed with the right key', () => {
  const mine = (change: Record<string, unknown>, head: Record<string, unknown> = {}) =>
    signedBy(own.key, { ...header, ...head }, { ...claims, ...change });

  it('is taken when nothing else is wrong', async () => {
    expect((await use(mine({}))).status).toBe(200);
    expect((await use(mine({ jti: randomUUID(), exp: now() + 30 }))).status).toBe(200);
  });

  it.each([
    ['expired by more than the leeway', () => ({ exp: now() - 61 })],
    ['not yet valid', () => ({ nbf: now() + 90 })],
    ['another issuer', () => ({ iss: 'evil' })],
    ['another audience', () => ({ aud: 'evil' })],
    ['iss as a list', () => ({ iss: [claims.iss] })],
    ['aud as a list', () => ({ aud: [claims.aud] })],
    ['aud as a list of two', () => ({ aud: ['evil', claims.aud] })],
    ['aud as an object', () => ({ aud: { 0: claims.aud } })],
    ['sub as a list', () => ({ sub: [claims.sub] })],
    ['sub as a number', () => ({ sub: 1 })],
    ['sub of another kind', () => ({ sub: 'service:1' })],
    ['sub with more behind it', () => ({ sub: `${claims.sub} ` })],
    ['no sub', () => ({ sub: undefined })],
    ['no exp', () => ({ exp: undefined })],
    ['exp as text', () => ({ exp: String(now() + 300) })],
    ['exp as NaN', () => ({ exp: null })],
    ['no iss', () => ({ iss: undefined })],
    ['no aud', () => ({ aud: undefined })],
    ['no nbf', () => ({ nbf: undefined })],
    ['tid as text', () => ({ tid: '1' })],
    ['no tid', () => ({ tid: undefined })],
    ["another's tid", () => ({ tid: Number(claims.tid) + 1 })],
    ['a tid that is none', () => ({ tid: 1e9 })],
    ['a user that is none', () => ({ sub: 'user:999999' })],
  ])('%s', async (_, change) => {
    await expectRejected(mine(change()));
  });

  it.each([
    ['another typ', { typ: 'JWT' }],
    ['no typ', { typ: undefined }],
    ['a refresh typ', { typ: 'berth-refresh+jwt' }],
    ['crit', { crit: ['exp'] }],
    ['crit of an unknown extension', { crit: ['x'], x: 1 }],
    ['b64 false', { crit: ['b64'], b64: false }],
    ['no kid', { kid: undefined }],
    ['an unknown kid', { kid: 'x' }],
    ['kid as a list', { kid: [''] }],
    ['a kid that leads elsewhere', { kid: '../../../../dev/null' }],
    ['a kid with SQL', { kid: "' OR 1=1 --" }],
    ['a kid of Object', { kid: '__proto__' }],
    ['another alg', { alg: 'ES384' }],
    ['alg in other letters', { alg: 'es256' }],
  ])('%s in the header', async (_, change) => {
    await expectRejected(mine({}, change));
  });

  it('has access of odd shapes refused or useless, never more', async () => {
    for (const access of [
      undefined,
      null,
      'x',
      {},
      [null],
      [{}],
      [{ name: 'acme/app' }],
      [{ name: 'acme/app', actions: 'pull' }],
      [{ name: ['acme/app'], actions: ['pull'] }],
    ]) {
      const answer = await use(mine({ access, jti: randomUUID() }));
      expect([answer.status, JSON.stringify(access)]).toEqual([401, JSON.stringify(access)]);
    }
  });

  it('lists names only as they are', async () => {
    for (const name of ['*', 'acme/*', 'Acme/App', 'acme%2Fapp', 'acme']) {
      expect(
        (await use(mine({ access: [{ type: 'repository', name, actions: ['pull', '*'] }], jti: randomUUID() }))).status,
      ).toBe(401);
    }
  });
});

describe('signed otherwise', () => {
  const full = () => ({ ...claims, access: ACCESS });
  const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });

  it.each(['none', 'None', 'nOnE', 'NONE', '', undefined])('alg %s', async (alg) => {
    for (const signature of ['', 'x', Buffer.alloc(64).toString('base64url')]) {
      await expectRejected(`${base64url({ ...header, alg })}.${base64url(full())}.${signature}`);
    }
  });

  it('HMAC with the public key', async () => {
    const jwk = JSON.stringify(own.jwk);
    const lines = own.pem.trim();
    const der = createPublicKey(own.key).export({ type: 'spki', format: 'der' });
    const secrets = [
      own.pem,
      lines,
      ` ${own.pem}`,
      `\n${own.pem}`,
      own.pem.replaceAll('\n', '\r\n'),
      lines.replaceAll('PUBLIC KEY', 'RSA PUBLIC KEY'),
      der,
      der.toString('base64'),
      jwk,
      String(own.jwk.x),
      '',
      own.kid,
    ];
    for (const [alg, digest] of [
      ['HS256', 'sha256'],
      ['HS384', 'sha384'],
      ['HS512', 'sha512'],
    ] as const) {
      for (const secret of secrets) await expectRejected(withSecret(secret, { ...header, alg }, full(), digest));
    }
    // and under the header's own algorithm
    await expectRejected(withSecret(own.pem, header, full()));
  });

  it('with no bytes, zero bytes and broken ones', async () => {
    const [head, body, signature = ''] = (await accounts.pusher.bearerFor(TAGS)).split('.');
    for (const bad of [
      '',
      Buffer.alloc(64).toString('base64url'),
      Buffer.alloc(64, 255).toString('base64url'),
      signature.slice(0, -2),
      `${signature}AA`,
      `${signature}=`,
      `${signature}.`,
      signature.toUpperCase(),
    ]) {
      await expectRejected(`${head}.${body}.${bad}`);
    }
    await expectRejected(`${head}.${base64url(full())}.${signature}`);
    await expectRejected(`${head}.${body}`);
    await expectRejected(`${head}..${signature}`);
    await expectRejected(`.${body}.${signature}`);
    await expectRejected(`${head}.${body}.${signature}.${signature}`);
  });

  it('by an expired token with a bad signature, told just the same', async () => {
    const bad = await use(`${base64url(header)}.${base64url({ ...full(), exp: 1 })}.${'A'.repeat(86)}`);
    const good = await use(`${base64url(header)}.${base64url(full())}.${'A'.repeat(86)}`);
    expect(bad.body.toString()).toBe(good.body.toString());
  });

  it('by a key that the token brings along (CVE-2025-24976)', async () => {
    let visits = 0;
    const server = createServer((_request, response) => {
      visits++;
      response.end(JSON.stringify({ keys: [{ ...ec.publicKey.export({ format: 'jwk' }), kid: 'evil' }] }));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/keys`;
    const jwk = ec.publicKey.export({ format: 'jwk' });
    const certificate = ec.publicKey.export({ type: 'spki', format: 'der' }).toString('base64');
    for (const extra of [
      { jwk },
      { jku: url },
      { x5u: url },
      { x5c: [certificate] },
      { jwk, jku: url, x5u: url, x5c: [certificate] },
    ]) {
      for (const kid of ['evil', own.kid, undefined, url]) {
        await expectRejected(signedBy(ec.privateKey, { ...header, ...extra, kid }, full()));
      }
    }
    await expectRejected(signedBy(ec.privateKey, header, full()));
    await expectRejected(signedBy(rsa.privateKey, { ...header, alg: 'RS256' }, full()));
    expect(visits).toBe(0);
    server.close();
  });

  it('as JWE, compressed or with an expensive key', async () => {
    for (const head of [
      { alg: 'dir', enc: 'A256GCM', kid: own.kid },
      { alg: 'PBES2-HS512+A256KW', enc: 'A256GCM', p2c: 2 ** 31, p2s: 'x', kid: own.kid },
      { alg: 'ECDH-ES', enc: 'A256GCM', zip: 'DEF', kid: own.kid },
    ]) {
      await expectRejected(`${base64url(head)}.a.a.a.a`);
      await expectRejected(signedBy(own.key, { ...header, ...head }, full()));
    }
    await expectRejected(signedBy(own.key, { ...header, zip: 'DEF', crit: ['zip'] }, full()));
  });
});

describe('no token at all', () => {
  it.each([
    ['8 KiB of dots', '.'.repeat(8192)],
    ['12 KiB of dots', '.'.repeat(12_288)],
    ['8 KiB of letters', 'a'.repeat(8192)],
    ['dots and letters', 'a.'.repeat(4000)],
    ['no dots', 'abc'],
    ['two dots', '..'],
    ['null', `${base64url(null)}.${base64url(null)}.x`],
    ['a list', `${base64url([])}.${base64url([])}.x`],
    ['no JSON', 'bm8.bm8.bm8'],
    ['deep JSON', `${Buffer.from('['.repeat(4000)).toString('base64url')}.e30.x`],
  ])('%s', async (_, token) => {
    await expectRejected(token);
  });

  it('32 KiB is more than a header may be', async () => {
    expect((await use('.'.repeat(32_768))).status).toBe(431);
  });
});

describe('tokens in the wrong place', () => {
  it('a personal access token is no bearer token under /v2', async () => {
    await expectRejected(accounts.pusher.token ?? '');
    await expectRejected(accounts.admin.token ?? '');
  });

  it('a bearer token is no password and no operator', async () => {
    const token = await accounts.admin.bearer('repository:acme/app:pull,push,delete');
    const basic = `Basic ${Buffer.from(`admin:${token}`).toString('base64')}`;
    expect((await ask(berth, { path: '/token?service=x', headers: { Authorization: basic } })).status).toBe(401);
    for (const authorization of [basic, `Bearer ${token}`]) {
      const answer = await ask(berth, {
        method: 'POST',
        path: '/admin/v1/users',
        headers: { Authorization: authorization, 'Content-Type': 'application/json' },
        body: '{"login":"evil"}',
      });
      expect(answer.status).toBe(401);
    }
  });

  it('a token of another Berth is a stranger', async () => {
    const other = await startBerth();
    try {
      await expectRejected(await (await createAccounts(other)).pusher.bearerFor(TAGS));
    } finally {
      await other.stop();
    }
  });
});

it('publishes its keys, and none of their private halves', async () => {
  const answer = await ask(berth, { path: '/.well-known/jwks.json' });
  const { keys } = JSON.parse(answer.body.toString()) as { keys: Array<Record<string, unknown>> };
  expect(answer.status).toBe(200);
  expect(keys.map(({ kid }) => kid)).toContain(own.kid);
  for (const key of keys) {
    expect(Object.keys(key)).not.toContain('d');
    expect(key).toMatchObject({ kty: 'EC', crv: 'P-256', kid: expect.any(String) });
  }
});
