// C46: what cleanup tools ask first.
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startBerth, type TestBerth } from '../support/berth.js';
import { type Accounts, basicHeader, createAccounts, createToken } from '../support/client.js';
import { type RestAnswer, rest } from '../support/rest.js';

let berth: TestBerth;
let accounts: Accounts;

beforeAll(async () => {
  berth = await startBerth();
  accounts = await createAccounts(berth);
});

afterAll(async () => {
  await berth.stop();
});

function expectRateHeaders({ headers }: RestAnswer) {
  for (const name of ['limit', 'remaining', 'reset', 'used']) {
    expect(headers.get(`x-ratelimit-${name}`), name).toMatch(/^[0-9]+$/);
  }
}

it('answers rate_limit with the scopes of the token, in every form that a token comes', async () => {
  const token = accounts.pusher.token ?? '';
  for (const authorization of [`Bearer ${token}`, `token ${token}`, basicHeader('anybody', token)]) {
    const answer = await rest(berth, undefined, '/rate_limit', { authorization });
    expect(answer.status).toBe(200);
    const numbers = { limit: expect.any(Number), remaining: expect.any(Number), reset: expect.any(Number) };
    expect(answer.body).toMatchObject({ resources: { core: numbers }, rate: numbers });
    expect(answer.headers.get('x-oauth-scopes')).toBe('read:packages, write:packages, delete:packages');
    expect(answer.body.rate.reset).toBeGreaterThan(Date.now() / 1000);
    expectRateHeaders(answer);
  }
});

it('names the one scope of a token that may only read', async () => {
  const { token } = await createToken(berth, 'pusher', ['read:packages']);
  const answer = await rest(berth, token, '/rate_limit');
  expect([answer.status, answer.headers.get('x-oauth-scopes')]).toEqual([200, 'read:packages']);
});

it("refuses a bad token in GitHub's form", async () => {
  for (const token of ['bad', 'berth_pat_00000000000000000000000000000000000000', '']) {
    const answer = await rest(berth, token, '/rate_limit');
    expect(answer.status).toBe(401);
    expect(answer.headers.get('content-type')).toMatch(/^application\/json/);
    expect(answer.headers.get('x-github-request-id')).toMatch(/^[0-9a-f-]{36}$/);
    expect(answer.body).toEqual({
      message: 'Bad credentials',
      documentation_url: expect.any(String),
      status: '401',
    });
    expectRateHeaders(answer);
  }
});

it('says scopes and limits on every answer, a list and a 204 too', async () => {
  const { pusher } = accounts;
  await pusher.push('pusher/app', '1');
  const list = await rest(berth, pusher.token, '/user/packages?package_type=container');
  expect([list.status, list.body.length]).toEqual([200, 1]);
  const deletion = await rest(berth, pusher.token, '/user/packages/container/app', { method: 'DELETE' });
  expect(deletion.status).toBe(204);
  const denied = await rest(berth, pusher.token, '/user/packages/container/app');
  expect(denied.status).toBe(404);
  for (const answer of [list, deletion, denied]) {
    expect(answer.headers.get('x-oauth-scopes')).toBe('read:packages, write:packages, delete:packages');
    expectRateHeaders(answer);
  }
  expect(deletion.headers.get('x-accepted-oauth-scopes')).toBe('delete:packages');
});

it("says of what is not there in GitHub's form that it is not", async () => {
  for (const path of ['/', '/nothing', '/orgs/%zz/packages', '/user/emails']) {
    const answer = await rest(berth, accounts.pusher.token, path);
    expect(answer.body).toMatchObject({ message: expect.any(String), status: String(answer.status) });
    expect([400, 404]).toContain(answer.status);
  }
});

it('says what is left where calls are limited, too', async () => {
  await berth.restart({ BERTH_RATE_LIMITS: 'on' });
  const left = async () => (await rest(berth, accounts.pusher.token, '/user/packages')).headers;
  const [first, second] = [await left(), await left()];
  expect(first.get('x-ratelimit-limit')).toBe(first.get('ratelimit-limit'));
  expect(Number(first.get('x-ratelimit-remaining'))).toBeLessThan(Number(first.get('x-ratelimit-limit')));
  expect(Number(second.get('x-ratelimit-remaining'))).toBeLessThan(Number(first.get('x-ratelimit-limit')));
  expect(Number(first.get('x-ratelimit-reset'))).toBeGreaterThan(Date.now() / 1000 - 60);
});
