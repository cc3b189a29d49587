// Users, organisations and tokens, as operators list, confine and rotate them.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startBerth, type TestBerth } from '../support/berth.js';
import { Client, createToken, operator } from '../support/client.js';

let berth: TestBerth;

const LOGINS = ['Ada', 'bob', 'carol'];
const ALL = ['read:packages', 'write:packages', 'delete:packages'];

beforeAll(async () => {
  berth = await startBerth();
  for (const login of LOGINS) await operator(berth, 'POST', '/users', { login });
  for (const login of ['acme', 'Other']) {
    await operator(berth, 'POST', '/orgs', { login });
    await operator(berth, 'PUT', `/orgs/${login}/members/ada`, { role: 'owner' });
  }
  await operator(berth, 'PUT', '/orgs/acme/members/bob', { role: 'member' });
  const { token } = await createToken(berth, 'ada', ALL);
  for (const name of ['acme/app', 'acme/tool', 'other/app']) await new Client(berth, 'ada', token).push(name, '1');
});

afterAll(() => berth?.stop());

const get = async (path: string) => (await operator(berth, 'GET', path)).body;

describe('lists', () => {
  it('tell who is there', async () => {
    const { users, next } = await get('/users');
    expect(next).toBeNull();
    const logins = (users as Array<{ login: string }>).map(({ login }) => login);
    expect(logins).toEqual([...logins].sort((a, b) => (a.toLowerCase() < b.toLowerCase() ? -1 : 1)));
    expect(logins).toEqual(expect.arrayContaining(['admin', ...LOGINS]));
    expect((await get('/users?after=bob')).users).toMatchObject([{ login: 'carol' }]);
    expect((await get('/users?after=%00')).users).toHaveLength(logins.length);
    expect(await get('/users/ADA')).toEqual({
      login: 'Ada',
      disabled: false,
      created_at: expect.any(String),
      tokens: 1,
      organisations: [
        { login: 'acme', role: 'owner' },
        { login: 'Other', role: 'owner' },
      ],
    });
    expect(await get('/orgs')).toMatchObject({
      orgs: [
        { login: 'acme', owners: 1, members: 2, requires_sign_on: false },
        { login: 'Other', owners: 1, members: 1 },
      ],
      next: null,
    });
    expect(await get('/orgs/acme/members')).toEqual({
      members: [
        { login: 'Ada', role: 'owner' },
        { login: 'bob', role: 'member' },
      ],
      next: null,
    });
    expect((await get('/orgs/acme/members?after=ada')).members).toEqual([{ login: 'bob', role: 'member' }]);
  });

  it('go on behind a page', async () => {
    await berth.sql(
      "INSERT INTO users (login, login_key) SELECT 'u' || n, 'u' || n FROM generate_series(1000, 1149) AS n",
    );
    const first = await get('/users');
    expect([(first.users as object[]).length, first.next]).toEqual([100, 'u1095']);
    const second = await get(`/users?after=${first.next}`);
    expect([(second.users as object[]).length, second.next]).toEqual([54, null]);
  });

  it('know nothing of who is not there', async () => {
    for (const path of ['/users/nobody', '/users/acme', '/users/%00', '/orgs/none/members', '/users/nobody/tokens']) {
      expect([path, (await operator(berth, 'GET', path)).status]).toEqual([path, 404]);
    }
  });

  it('tell who asks', async () => {
    expect(await get('/me')).toEqual({ login: 'admin', token_id: expect.any(Number) });
  });
});

describe('tokens', () => {
  const make = async (more: object = {}) =>
    operator(berth, 'POST', '/users/ada/tokens', { name: 'made', scopes: ALL, ...more });
  /** What a token may pull of the three packages, by their first letters. */
  const pulls = async (token: string): Promise<string[]> => {
    const client = new Client(berth, 'ada', token);
    const names = ['acme/app', 'acme/tool', 'other/app'];
    const statuses = await Promise.all(names.map(async (name) => (await client.v2(`/v2/${name}/tags/list`)).status));
    return names.filter((_, i) => statuses[i] === 200);
  };

  it('are made confined', async () => {
    const { status, body } = await make({ organization: 'acme', packages: ['acme/app'], expires_in_days: 3 });
    expect([status, body]).toMatchObject([201, { organization: 'acme', packages: ['acme/app'], counts_pulls: true }]);
    expect(await pulls(String(body.token))).toEqual(['acme/app']);
    expect((await make({ organization: 'none' })).status).toBe(422);
    expect((await make({ packages: ['acme/none'] })).status).toBe(422);
    expect((await make({ packages: ['acme//app'] })).status).toBe(400);
  });

  it('are confined later, and freed, at once: bearer tokens of before, too', async () => {
    const { body: token } = await make();
    const client = new Client(berth, 'ada', String(token.token));
    const authorization = `Bearer ${await client.bearerFor('/v2/other/app/manifests/1')}`;
    const isServed = async () =>
      (await client.v2('/v2/other/app/manifests/1', { headers: { authorization } })).status === 200;
    expect(await isServed()).toBe(true);
    const confine = (body: object) => operator(berth, 'PATCH', `/users/ada/tokens/${token.id}`, body);
    const { token: _, ...shown } = token;
    expect(await confine({ organization: 'ACME' })).toEqual({ status: 200, body: { ...shown, organization: 'acme' } });
    expect(await isServed()).toBe(false);
    expect(await pulls(String(token.token))).toEqual(['acme/app', 'acme/tool']);
    expect((await confine({ packages: ['other/app'] })).body).toMatchObject({ organization: null });
    expect(await pulls(String(token.token))).toEqual(['other/app']);
    expect((await confine({})).body).toEqual(shown);
    expect(await pulls(String(token.token))).toHaveLength(3);
    expect((await confine({ organization: 'none' })).status).toBe(422);
    expect((await confine({ packages: [] })).status).toBe(400);
    for (const path of ['/users/bob/tokens/', '/users/nobody/tokens/']) {
      expect((await operator(berth, 'PATCH', `${path}${token.id}`, {})).status).toBe(404);
    }
  });

  it('are confined together with the sessions that they opened', async () => {
    const { body: token } = await make();
    const login = await fetch(`${berth.url}/login`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', origin: berth.url },
      body: JSON.stringify({ token: token.token }),
    });
    expect(login.status, await login.clone().text()).toBeLessThan(400);
    const cookie = login.headers
      .getSetCookie()
      .map((text) => text.split(';')[0])
      .join('; ');
    const sees = async () =>
      (await fetch(`${berth.url}/api/v3/orgs/other/packages/container/app`, { headers: { cookie } })).status;
    expect(await sees()).toBe(200);
    await operator(berth, 'PATCH', `/users/ada/tokens/${token.id}`, { organization: 'acme' });
    expect(await sees()).toBe(404);
  });

  it('are rotated with their bounds, and listed', async () => {
    const { body: old } = await make({ name: 'rotated', organization: 'acme' });
    const { status, body: fresh } = await operator(berth, 'POST', `/users/ada/tokens/${old.id}/rotation`);
    expect([status, fresh]).toMatchObject([201, { name: 'rotated', organization: 'acme' }]);
    expect(await pulls(String(fresh.token))).toEqual(['acme/app', 'acme/tool']);
    expect(fresh.id).not.toBe(old.id);
    const { tokens, next } = await get('/users/ada/tokens');
    expect(next).toBeNull();
    const ids = (tokens as Array<{ id: number }>).map(({ id }) => id);
    expect(ids).toContain(fresh.id);
    expect(ids).not.toContain(old.id);
    expect(JSON.stringify(tokens)).not.toContain(String(fresh.token));
    expect((await operator(berth, 'POST', `/users/ada/tokens/${old.id}/rotation`)).status).toBe(404);
    expect((await operator(berth, 'POST', `/users/bob/tokens/${fresh.id}/rotation`)).status).toBe(404);
    const { body: log } = await operator(berth, 'GET', '/audit-log');
    const actions = (log as unknown as Array<{ action: string }>).map(({ action }) => action);
    expect(actions).toEqual(expect.arrayContaining(['token.rotate', 'token.confine']));
  });

  it('go on behind a page', async () => {
    await berth.sql(
      `INSERT INTO access_tokens (user_id, name, hash, scopes)
       SELECT u.id, 'many', sha256(n::text::bytea), '{}' FROM users u, generate_series(1, 120) AS n WHERE login = 'carol'`,
    );
    const first = await get('/users/carol/tokens');
    const second = await get(`/users/carol/tokens?after=${first.next}`);
    expect([first.tokens, second.tokens].map((page) => (page as object[]).length)).toEqual([100, 20]);
    expect(second.next).toBeNull();
  });
});
