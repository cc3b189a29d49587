// Rate limits over HTTP: what a refusal says, whom it is for, and what is not counted.
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startBerth, type TestBerth } from '../support/berth.js';
import { type Accounts, basicHeader, createAccounts, errorCode } from '../support/client.js';

const FAILURES = 60;

let berth: TestBerth;
let accounts: Accounts;

beforeAll(async () => {
  berth = await startBerth({ BERTH_RATE_LIMITS: 'on' });
  accounts = await createAccounts(berth);
  await accounts.pusher.push('acme/app', '1');
});

afterAll(() => berth?.stop());

it('says on every counted answer what is left, and on pulls nothing', async () => {
  const list = await accounts.pusher.v2('/v2/acme/app/tags/list');
  expect(list.headers.get('ratelimit-limit')).toBe('1200');
  expect(Number(list.headers.get('ratelimit-remaining'))).toBeLessThan(1200);
  expect(list.headers.get('ratelimit-policy')).toBe('1200;w=60');
  const write = await accounts.pusher.v2('/v2/acme/app/blobs/uploads/', { method: 'POST' });
  expect(write.headers.get('ratelimit-limit')).toBe('6000');
  const token = await fetch(`${berth.url}/token?service=x`);
  expect(token.headers.get('ratelimit-limit')).toBe('6000');
  const login = await fetch(`${berth.url}/login`, {
    method: 'POST',
    headers: { origin: berth.url },
    body: JSON.stringify({ token: accounts.pusher.token }),
  });
  expect([login.status, login.headers.get('ratelimit-limit')]).toEqual([200, '6000']);
  const rest = await fetch(`${berth.url}/api/v3/user/tokens`, {
    headers: { authorization: `Bearer ${accounts.pusher.token}` },
  });
  expect(rest.headers.get('ratelimit-limit')).toBe('1200');
  for (const path of ['/v2/acme/app/manifests/1', '/v2/']) {
    expect((await accounts.pusher.v2(path)).headers.get('ratelimit-limit')).toBeNull();
  }
});

it('counts what two callers do apart', async () => {
  const left = async (client: Accounts['pusher']) =>
    Number((await client.v2('/v2/_catalog')).headers.get('ratelimit-remaining'));
  const [before, other] = [await left(accounts.pusher), await left(accounts.stranger)];
  expect(await left(accounts.pusher)).toBe(before - 1);
  expect(await left(accounts.stranger)).toBe(other - 1);
});

it('answers too many failed logins 429 in each surface’s form, and lets the right token in all the while', async () => {
  const fail = (path: string, authorization: string) => fetch(berth.url + path, { headers: { authorization } });
  const wrong = basicHeader('somebody', 'wrong-token-of-20-characters');
  // At once: one after the other they would not come within one window on a slow machine.
  const first = await Promise.all(Array.from({ length: FAILURES }, () => fail('/token?service=x', wrong)));
  expect(new Set(first.map(({ status }) => status))).toEqual(new Set([401]));
  const answer = await fail('/token?service=x', wrong);
  expect([answer.status, await errorCode(answer)]).toEqual([429, 'TOOMANYREQUESTS']);
  expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0);
  expect(answer.headers.get('ratelimit-remaining')).toBe('0');
  for (const path of ['/api/v3/user/tokens', '/admin/v1/audit-log']) {
    const refused = await fail(path, wrong);
    expect(refused.status, path).toBe(429);
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
  }
  expect((await fail('/token?service=x', basicHeader('somebody', accounts.pusher.token ?? ''))).status).toBe(200);
  expect((await fail('/token?service=x', basicHeader('else', 'wrong-token-of-20-characters'))).status).toBe(401);
});
