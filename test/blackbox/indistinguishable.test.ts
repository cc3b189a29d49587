// A private package and one that is not there: the same status, headers (but the request's id), body, and the same time over
// thousands of requests, on every surface that names a package.
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { startBerth, type TestBerth } from '../support/berth.js';
import { type Accounts, createAccounts, E, encode, image, OCI_MANIFEST, sha256 } from '../support/client.js';
import { ask, type RawAnswer, type RawRequest } from '../support/raw.js';
import { compareTimings, timeInTurns } from '../support/timing.js';

const LAYER = Buffer.from('a layer of a private package');
const IMG = image([LAYER]);
const DIGEST = sha256(encode(IMG));
const SESSION = '00000000-0000-0000-0000-000000000000';

// Names of one length: the tests are about what is behind them.
const SHUT = 'acme/shut';
const NONE = 'acme/none';

// Thousands of requests that wait on purpose, on a machine that may be busy.
vi.setConfig({ testTimeout: 600_000 });

let berth: TestBerth;
let accounts: Accounts;
const tokens: Record<string, string> = {};

beforeAll(async () => {
  berth = await startBerth();
  accounts = await createAccounts(berth);
  for (const tag of ['1', '2', '3']) await accounts.pusher.push(SHUT, tag, [LAYER]);
  await accounts.stranger.push('other/mine', '1');
  const scopes = [SHUT, NONE, 'other/mine'].map((name) => `repository:${name}:pull,push,delete`);
  tokens.stranger = await accounts.stranger.bearer(...scopes);
  tokens.anonymous = await accounts.anonymous.bearer(...scopes);
});

afterAll(async () => {
  await berth.stop();
});

type Surface = [what: string, request: (name: string) => RawRequest];

const V2: Surface[] = [
  ['GET a manifest by tag', (name) => ({ path: `/v2/${name}/manifests/1` })],
  ['GET a manifest by digest', (name) => ({ path: `/v2/${name}/manifests/${DIGEST}` })],
  ['HEAD a manifest', (name) => ({ method: 'HEAD', path: `/v2/${name}/manifests/1` })],
  [
    'PUT a manifest',
    (name) => ({
      method: 'PUT',
      path: `/v2/${name}/manifests/1`,
      headers: { 'content-type': OCI_MANIFEST },
      body: encode(IMG),
    }),
  ],
  ['DELETE a manifest', (name) => ({ method: 'DELETE', path: `/v2/${name}/manifests/${DIGEST}` })],
  ['DELETE a tag', (name) => ({ method: 'DELETE', path: `/v2/${name}/manifests/1` })],
  ['GET a blob', (name) => ({ path: `/v2/${name}/blobs/${sha256(LAYER)}` })],
  ['HEAD a blob', (name) => ({ method: 'HEAD', path: `/v2/${name}/blobs/${sha256(LAYER)}` })],
  ['DELETE a blob', (name) => ({ method: 'DELETE', path: `/v2/${name}/blobs/${sha256(LAYER)}` })],
  ['POST an upload', (name) => ({ method: 'POST', path: `/v2/${name}/blobs/uploads/` })],
  [
    'POST a whole blob',
    (name) => ({ method: 'POST', path: `/v2/${name}/blobs/uploads/?digest=${sha256(E)}`, body: E }),
  ],
  ['GET an upload', (name) => ({ path: `/v2/${name}/blobs/uploads/${SESSION}` })],
  ['PATCH an upload', (name) => ({ method: 'PATCH', path: `/v2/${name}/blobs/uploads/${SESSION}`, body: E })],
  [
    'PUT an upload',
    (name) => ({ method: 'PUT', path: `/v2/${name}/blobs/uploads/${SESSION}?digest=${sha256(E)}`, body: E }),
  ],
  ['DELETE an upload', (name) => ({ method: 'DELETE', path: `/v2/${name}/blobs/uploads/${SESSION}` })],
  ['list tags', (name) => ({ path: `/v2/${name}/tags/list` })],
  ['list referrers', (name) => ({ path: `/v2/${name}/referrers/${DIGEST}` })],
];

const inRest = (name: string) => name.replace('/', '/packages/container/');
const REST: Surface[] = [
  ['a package', (name) => ({ path: `/api/v3/orgs/${inRest(name)}` })],
  ['a package, by its user', (name) => ({ path: `/api/v3/users/${inRest(name)}` })],
  ['deleting a package', (name) => ({ method: 'DELETE', path: `/api/v3/orgs/${inRest(name)}` })],
  ['restoring a package', (name) => ({ method: 'POST', path: `/api/v3/orgs/${inRest(name)}/restore` })],
  ['versions', (name) => ({ path: `/api/v3/orgs/${inRest(name)}/versions` })],
  ['a version', (name) => ({ path: `/api/v3/orgs/${inRest(name)}/versions/1` })],
  ['deleting a version', (name) => ({ method: 'DELETE', path: `/api/v3/orgs/${inRest(name)}/versions/1` })],
  ['access', (name) => ({ path: `/api/v3/orgs/${inRest(name)}/access` })],
  ['giving a role', (name) => ({ method: 'PUT', path: `/api/v3/orgs/${inRest(name)}/access/roles/users/stranger` })],
];

const TOKEN = (name: string): RawRequest => ({
  path: `/token?service=berth&scope=repository:${name}:pull,push,delete`,
});
const MOUNT = (name: string): RawRequest => ({
  method: 'POST',
  path: `/v2/other/mine/blobs/uploads/?mount=${sha256(LAYER)}&from=${name}`,
});

const as = (request: RawRequest, authorization: string | undefined): RawRequest => ({
  ...request,
  headers: { ...(request.headers as Record<string, string>), ...(authorization && { Authorization: authorization }) },
});

/** All that tells one answer from another: without ids and times of the request itself, the names made one. */
function told({ status, headers, body }: RawAnswer, name: string) {
  const { 'x-request-id': _, 'x-github-request-id': __, date: ___, 'x-ratelimit-reset': ____, ...rest } = headers;
  const text = JSON.stringify({ status, headers: rest, body: body.toString() })
    .replaceAll(name, 'NAME')
    .replaceAll(name.replace('/', '/packages/container/'), 'PACKAGE');
  const uuid = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g;
  return text.replace(uuid, 'ID');
}

/** Answers of /token hold a token that is new each time; what it lists counts. */
function withoutToken(answer: RawAnswer): RawAnswer {
  const { token, access_token: __, issued_at: ___, ...rest } = JSON.parse(answer.body.toString());
  const { access, sub, exp, iat } = JSON.parse(Buffer.from(token.split('.')[1], 'base64url').toString());
  const body = Buffer.from(JSON.stringify({ ...rest, access, sub, life: exp - iat, length: token.length }));
  return { ...answer, headers: { ...answer.headers, 'content-length': '' }, body };
}

const PAIRS = 1000;
/** Two means this close, as a share of what answers differ anyway, take more requests to tell apart than anybody may send. */
const NO_EFFECT = 0.05;
const NO_DIFFERENCE = 4;

async function expectSameTime(a: RawRequest, b: RawRequest, pairs = PAIRS): Promise<void> {
  const isSame = ({ t, effect }: { t: number; effect: number }) => t < NO_DIFFERENCE || effect < NO_EFFECT;
  let seen = compareTimings(await timeInTurns(berth, a, b, pairs));
  // a machine with other things to do makes differences of its own: they do not come again
  if (!isSame(seen)) seen = compareTimings(await timeInTurns(berth, a, b, 4 * pairs));
  expect(isSame(seen), `t = ${seen.t.toFixed(2)}, ${(seen.effect * 100).toFixed(1)} % of the spread`).toBe(true);
}

describe.each(['stranger', 'anonymous'])('under /v2, to %s', (who) => {
  it.each(V2)('%s', async (_, request) => {
    const [shut, none] = [SHUT, NONE].map((name) => as(request(name), `Bearer ${tokens[who]}`)) as [
      RawRequest,
      RawRequest,
    ];
    const [a, b] = [await ask(berth, shut), await ask(berth, none)];
    expect(told(b, NONE)).toBe(told(a, SHUT));
    expect(a.status).toBeGreaterThanOrEqual(401);
    await expectSameTime(shut, none, who === 'stranger' ? PAIRS : PAIRS / 4);
  });
});

it('mounting from it, with rights on the target', async () => {
  const [shut, none] = [SHUT, NONE].map((name) => as(MOUNT(name), `Bearer ${tokens.stranger}`)) as [
    RawRequest,
    RawRequest,
  ];
  const [a, b] = [await ask(berth, shut), await ask(berth, none)];
  expect([a.status, told(b, NONE)]).toEqual([202, told(a, SHUT)]);
  await expectSameTime(shut, none);
});

it('mounting from anywhere a blob that only it has, and one that nobody has', async () => {
  const mount = (digest: string) =>
    as({ method: 'POST', path: `/v2/other/mine/blobs/uploads/?mount=${digest}` }, `Bearer ${tokens.stranger}`);
  const [held, unknown] = [mount(sha256(LAYER)), mount(sha256(Buffer.from('nobody has this')))];
  const [a, b] = [await ask(berth, held), await ask(berth, unknown)];
  expect([a.status, told(b, NONE)]).toEqual([202, told(a, SHUT)]);
  await expectSameTime(held, unknown);
});

it.each(['stranger', 'anonymous'] as const)('/token, to %s', async (who) => {
  const { authorization } = accounts[who].basic as { authorization?: string };
  const [shut, none] = [SHUT, NONE].map((name) => as(TOKEN(name), authorization)) as [RawRequest, RawRequest];
  const [a, b] = [withoutToken(await ask(berth, shut)), withoutToken(await ask(berth, none))];
  expect([a.status, told(b, NONE)]).toEqual([200, told(a, SHUT)]);
  expect(told(a, SHUT)).toContain('\\"access\\":[]');
  await expectSameTime(shut, none);
});

it.each(REST)('REST: %s', async (_, request) => {
  const { authorization } = accounts.stranger.basic;
  const [shut, none] = [SHUT, NONE].map((name) => as(request(name), authorization)) as [RawRequest, RawRequest];
  const [a, b] = [await ask(berth, shut), await ask(berth, none)];
  expect([a.status, told(b, NONE)]).toEqual([404, told(a, SHUT)]);
  await expectSameTime(shut, none);
});

it('would be told apart by the time alone, had the answer not waited', async () => {
  // what its owner is told is not evened: a package that is there takes longer
  const bearer = await accounts.pusher.bearer(...[SHUT, NONE].map((name) => `repository:${name}:pull`));
  const [shut, none] = [SHUT, NONE].map((name) => as({ path: `/v2/${name}/tags/list` }, `Bearer ${bearer}`)) as [
    RawRequest,
    RawRequest,
  ];
  const seen: number[] = [];
  // a machine with other things to do may drown it once, not each time
  while (seen.length < 5 && !seen.some((effect) => effect > NO_EFFECT)) {
    seen.push(compareTimings(await timeInTurns(berth, shut, none, PAIRS)).effect);
  }
  expect(Math.max(...seen)).toBeGreaterThan(NO_EFFECT);
});
