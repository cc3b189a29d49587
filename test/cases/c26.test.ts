// C26: containerd asks by POST first.
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startBerth, type TestBerth } from '../support/berth.js';
import { type Accounts, basicHeader, createAccounts, operator } from '../support/client.js';

const SCOPE = 'repository:acme/app:pull';

let berth: TestBerth;
let accounts: Accounts;

beforeAll(async () => {
  berth = await startBerth();
  accounts = await createAccounts(berth);
  await accounts.pusher.push('acme/app', '1');
  await accounts.pusher.push('acme/open', '1');
  expect((await operator(berth, 'PATCH', '/packages/acme/open', { visibility: 'public' })).status).toBe(200);
});

afterAll(async () => {
  await berth.stop();
});

const form = (password: string, more: Record<string, string> = {}) =>
  new URLSearchParams({
    client_id: 'containerd-client',
    grant_type: 'password',
    service: 'x',
    username: 'pusher',
    password,
    scope: SCOPE,
    ...more,
  });
const post = (body: URLSearchParams | string, path = '/token', headers: Record<string, string> = {}) =>
  fetch(berth.url + path, { method: 'POST', body, headers });

async function expectJsonRefusal(answer: Response, status: number): Promise<void> {
  expect([answer.status, answer.headers.get('content-type')?.split(';')[0]]).toEqual([status, 'application/json']);
  const body = (await answer.json()) as { errors: unknown[]; token?: string; access_token?: string };
  expect(body.errors).toHaveLength(1);
  expect(body.token ?? body.access_token).toBeUndefined();
}

it.each(['/token', '/token/'])('grants a token at %s', async (path) => {
  const answer = await post(form(accounts.pusher.token ?? ''), path);
  expect([answer.status, answer.headers.get('content-type')?.split(';')[0]]).toEqual([200, 'application/json']);
  const body = (await answer.json()) as Record<string, unknown>;
  expect(body).toMatchObject({ access_token: expect.any(String), expires_in: expect.any(Number) });
  expect(body.token).toBe(body.access_token);
  expect(body.issued_at).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/);
  const authorization = `Bearer ${body.access_token}`;
  expect((await accounts.pusher.v2('/v2/acme/app/manifests/1', { headers: { authorization } })).status).toBe(200);
});

it('never takes a wrong password for an anonymous login', async () => {
  for (const scope of [SCOPE, 'repository:acme/open:pull']) {
    await expectJsonRefusal(await post(form('wrong', { scope })), 401);
    const headers = { authorization: basicHeader('pusher', 'wrong') };
    await expectJsonRefusal(await fetch(`${berth.url}/token?service=x&scope=${scope}`, { headers }), 401);
  }
});

it('answers 400 to what it does not know', async () => {
  await expectJsonRefusal(await post(form('x', { grant_type: 'foo' })), 400);
  const json = JSON.stringify({ grant_type: 'password', username: 'pusher', password: accounts.pusher.token });
  await expectJsonRefusal(await post(json, '/token', { 'content-type': 'application/json' }), 400);
});
