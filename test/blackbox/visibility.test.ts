// Who sees what: public packages for everybody, private ones as if they were not there.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startBerth, type TestBerth } from '../support/berth.js';
import { type Accounts, createAccounts, E, encode, image, OCI_MANIFEST, operator, sha256 } from '../support/client.js';
import { ask, type RawAnswer, type RawRequest } from '../support/raw.js';

const LAYER = Buffer.from('a layer');
const IMG = image([LAYER]);
const DIGEST = sha256(encode(IMG));

let berth: TestBerth;
let accounts: Accounts;

beforeAll(async () => {
  berth = await startBerth();
  accounts = await createAccounts(berth);
  const { pusher } = accounts;
  for (const name of ['acme/open', 'acme/shut', 'acme/deep/er/open']) await pusher.push(name, '1', [LAYER]);
  expect(await setVisibility('acme/open', 'public')).toEqual({
    status: 200,
    body: { name: 'acme/open', visibility: 'public' },
  });
  expect((await setVisibility('acme/deep/er/open', 'public')).status).toBe(200);
});

afterAll(async () => {
  await berth.stop();
});

/** The package's name is one segment, its slashes as %2F. */
const setVisibility = (name: string, visibility: string) => {
  const [owner, ...rest] = name.split('/');
  return operator(berth, 'PATCH', `/packages/${owner}/${encodeURIComponent(rest.join('/'))}`, { visibility });
};

const reads = (name: string): RawRequest[] => [
  { path: `/v2/${name}/manifests/1` },
  { path: `/v2/${name}/manifests/${DIGEST}` },
  { method: 'HEAD', path: `/v2/${name}/manifests/1` },
  { path: `/v2/${name}/blobs/${sha256(LAYER)}` },
  { method: 'HEAD', path: `/v2/${name}/blobs/${sha256(E)}` },
  { path: `/v2/${name}/tags/list` },
  { path: `/v2/${name}/referrers/${DIGEST}` },
];
const writes = (name: string): RawRequest[] => [
  { method: 'POST', path: `/v2/${name}/blobs/uploads/` },
  { method: 'POST', path: `/v2/${name}/blobs/uploads/?digest=${sha256(E)}`, body: E },
  { method: 'POST', path: `/v2/${name}/blobs/uploads/?mount=${sha256(E)}&from=${name}` },
  { method: 'PUT', path: `/v2/${name}/manifests/1`, headers: { 'Content-Type': OCI_MANIFEST }, body: encode(IMG) },
  { method: 'DELETE', path: `/v2/${name}/manifests/1` },
  { method: 'DELETE', path: `/v2/${name}/manifests/${DIGEST}` },
  { method: 'DELETE', path: `/v2/${name}/blobs/${sha256(E)}` },
  { path: `/v2/${name}/blobs/uploads/00000000-0000-0000-0000-000000000000` },
  { method: 'PATCH', path: `/v2/${name}/blobs/uploads/00000000-0000-0000-0000-000000000000`, body: E },
];

const as = (request: RawRequest, token: string | undefined): RawRequest => ({
  ...request,
  headers: { ...(request.headers as Record<string, string>), ...(token && { Authorization: `Bearer ${token}` }) },
});
/** What tells one answer from another, beside the request's id and the time, with the name made one. */
function told({ status, headers, body }: RawAnswer, name: string) {
  const { 'x-request-id': _, date: __, ...rest } = headers;
  return JSON.parse(JSON.stringify({ status, headers: rest, body: body.toString() }).replaceAll(name, 'NAME'));
}

describe('a public package', () => {
  it.each(['acme/open', 'acme/deep/er/open'])('%s is pulled without credentials and without a token', async (name) => {
    for (const request of reads(name)) expect((await ask(berth, request)).status).toBe(200);
  });

  it('is pulled with the anonymous token that clients get themselves', async () => {
    const token = await accounts.anonymous.bearer('repository:acme/open:pull');
    for (const request of reads('acme/open')) expect((await ask(berth, as(request, token))).status).toBe(200);
  });

  it("is pulled by a stranger, whatever the stranger's token lists", async () => {
    for (const scopes of [['repository:acme/open:pull'], []]) {
      const token = await accounts.stranger.bearer(...scopes);
      for (const request of reads('acme/open')) expect((await ask(berth, as(request, token))).status).toBe(200);
    }
  });

  it('is written by nobody but its owners', async () => {
    const stranger = await accounts.stranger.bearer('repository:acme/open:pull,push,delete');
    const anonymous = await accounts.anonymous.bearer('repository:acme/open:pull,push,delete');
    for (const request of writes('acme/open')) {
      expect((await ask(berth, as(request, stranger))).status).toBe(403);
      expect((await ask(berth, as(request, anonymous))).status).toBe(401);
      expect((await ask(berth, request)).status).toBe(401);
    }
  });

  it('refuses bad credentials all the same', async () => {
    for (const request of reads('acme/open')) expect((await ask(berth, as(request, 'bad'))).status).toBe(401);
  });

  it('is shut at once when it turns private', async () => {
    await accounts.pusher.push('acme/turning', '1', [LAYER]);
    const anonymous = await accounts.anonymous.bearer('repository:acme/turning:pull');
    for (const [visibility, status] of [
      ['public', 200],
      ['private', 401],
      ['public', 200],
      ['private', 401],
    ] as const) {
      expect((await setVisibility('acme/turning', visibility)).status).toBe(200);
      for (const request of reads('acme/turning')) {
        expect((await ask(berth, request)).status).toBe(status);
        expect((await ask(berth, as(request, anonymous))).status).toBe(status);
      }
    }
  });
});

describe('an internal package', () => {
  it('is pulled by members of its organisation, and by nobody else', async () => {
    await accounts.pusher.push('acme/inside', '1', [LAYER]);
    expect((await setVisibility('acme/inside', 'internal')).status).toBe(200);
    await operator(berth, 'POST', '/users', { login: 'colleague' });
    await operator(berth, 'PUT', '/orgs/acme/members/colleague', { role: 'member' });
    const { body } = await operator(berth, 'POST', '/users/colleague/tokens', { name: 't', scopes: ['read:packages'] });
    const token = await new (accounts.pusher.constructor as typeof import('../support/client.js').Client)(
      berth,
      'colleague',
      String(body.token),
    ).bearer('repository:acme/inside:pull');
    const stranger = await accounts.stranger.bearer('repository:acme/inside:pull');
    for (const request of reads('acme/inside')) {
      expect((await ask(berth, as(request, token))).status).toBe(200);
      expect((await ask(berth, as(request, stranger))).status).toBe(404);
      expect((await ask(berth, request)).status).toBe(401);
    }
  });
});

describe('a private package and an absent one', () => {
  // Names of one length, and one owner that there is none of.
  const PAIRS = [
    ['acme/shut', 'acme/none'],
    ['acme/shut', 'nobd/none'],
  ] as const;

  it.each(PAIRS)('%s and %s answer alike without credentials', async (shut, absent) => {
    for (const [i, request] of [...reads(shut), ...writes(shut)].entries()) {
      const other = [...reads(absent), ...writes(absent)][i] as RawRequest;
      const [a, b] = [await ask(berth, request), await ask(berth, other)];
      expect(a.status).toBe(401);
      expect(told(b, absent)).toEqual(told(a, shut));
    }
  });

  it.each(PAIRS)('%s and %s answer alike to a stranger', async (shut, absent) => {
    const bearerFor = (name: string) => accounts.stranger.bearer(`repository:${name}:pull,push,delete`);
    for (const [i, request] of [...reads(shut), ...writes(shut)].entries()) {
      const other = [...reads(absent), ...writes(absent)][i] as RawRequest;
      const [a, b] = [
        await ask(berth, as(request, await bearerFor(shut))),
        await ask(berth, as(other, await bearerFor(absent))),
      ];
      expect(a.status).toBe(i < reads(shut).length ? 404 : 403);
      expect(told(b, absent)).toEqual(told(a, shut));
    }
  });

  it('give the same token, one that opens nothing', async () => {
    for (const client of [accounts.stranger, accounts.anonymous]) {
      const accessOf = async (name: string) => {
        const token = await client.bearer(`repository:${name}:pull,push,delete`);
        return JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()).access;
      };
      expect(await accessOf('acme/shut')).toEqual([]);
      expect(await accessOf('acme/none')).toEqual([]);
    }
  });

  it('are in no catalog of a stranger', async () => {
    const { repositories } = (await (await accounts.stranger.v2('/v2/_catalog')).json()) as { repositories: string[] };
    expect(repositories).toEqual([]);
  });
});
