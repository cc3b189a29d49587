// C36: owners with capitals.
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startBerth, type TestBerth } from '../support/berth.js';
import { type Accounts, createAccounts, operator } from '../support/client.js';
import { rest } from '../support/rest.js';

let berth: TestBerth;
let accounts: Accounts;

beforeAll(async () => {
  berth = await startBerth();
  accounts = await createAccounts(berth);
});

afterAll(async () => {
  expect(berth.log()).not.toContain('request failed');
  await berth.stop();
});

const api = (path: string, method = 'GET', body?: unknown) =>
  rest(berth, accounts.pusher.token, path, { method, body });

it('finds an organisation in any capitals, and shows it as it was written', async () => {
  expect((await operator(berth, 'POST', '/orgs', { login: 'AcMe2' })).status).toBe(201);
  expect((await operator(berth, 'PUT', '/orgs/acme2/members/pusher', { role: 'owner' })).status).toBe(200);
  await accounts.pusher.push('acme2/app', '1');
  for (const org of ['AcMe2', 'acme2', 'ACME2']) {
    const { status, body } = await api(`/orgs/${org}/packages?package_type=container`);
    expect(status).toBe(200);
    expect(body).toMatchObject([{ name: 'app', owner: { login: 'AcMe2' } }]);
    expect((await api(`/orgs/${org}/packages/container/app`)).body.owner.login).toBe('AcMe2');
    expect((await api(`/users/${org}/packages/container/app/versions`)).body).toHaveLength(1);
  }
  expect((await operator(berth, 'POST', '/orgs', { login: 'acme2' })).status).toBe(409);
  expect((await operator(berth, 'POST', '/users', { login: 'Pusher' })).status).toBe(409);
});
