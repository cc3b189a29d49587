// The operator API: its calls, its errors, and what it does not let anybody slip in.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startBerth, type TestBerth } from '../support/berth.js';
import { type Accounts, basicHeader, Client, createAccounts, createToken } from '../support/client.js';
import { ask, type RawAnswer } from '../support/raw.js';
import { stateOf } from '../support/rows.js';

let berth: TestBerth;
let accounts: Accounts;

beforeAll(async () => {
  berth = await startBerth();
  accounts = await createAccounts(berth);
  await accounts.pusher.push('acme/app', '1');
  await accounts.pusher.push('acme/a/b', '1');
});

afterAll(async () => {
  await berth.stop();
});

const call = (method: string, path: string, body?: unknown, headers: Record<string, string> = {}): Promise<RawAnswer> =>
  ask(berth, {
    method,
    path: `/admin/v1${path}`,
    headers: { Authorization: basicHeader('admin', berth.adminToken), 'Content-Type': 'application/json', ...headers },
    ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  });
const json = ({ body }: RawAnswer) => JSON.parse(body.toString());

function expectProblem(answer: RawAnswer, status: number): void {
  expect([answer.status, answer.body.toString()]).toEqual([status, answer.body.toString()]);
  expect(answer.headers['content-type']).toMatch(/^application\/problem\+json/);
  expect(json(answer)).toMatchObject({
    type: expect.any(String),
    status,
    title: expect.any(String),
    request_id: answer.headers['x-request-id'],
  });
  expect(answer.body.toString()).not.toMatch(/node_modules|\bat .*\.[jt]s:|prisma|SELECT /i);
}

/** A refusal that changes nothing. */
async function expectRefused(
  status: number,
  method: string,
  path: string,
  body?: unknown,
  headers?: Record<string, string>,
) {
  const before = await stateOf(berth);
  expectProblem(await call(method, path, body, headers), status);
  expect(await stateOf(berth)).toEqual(before);
}

describe('its calls', () => {
  it('make a user, an organisation, a member and a token that works', async () => {
    const user = await call('POST', '/users', { login: 'Ada' });
    expect([user.status, json(user).login]).toEqual([201, 'Ada']);
    expect((await call('POST', '/orgs', { login: 'engine' })).status).toBe(201);
    for (const role of ['member', 'owner']) {
      const member = await call('PUT', '/orgs/engine/members/ada', { role });
      expect([member.status, json(member).role]).toEqual([200, role]);
    }
    const token = await call('POST', '/users/ada/tokens', {
      name: 'ci',
      scopes: ['read:packages', 'write:packages'],
      expires_in_days: 7,
    });
    expect(token.status).toBe(201);
    const made = json(token);
    expect(made).toMatchObject({
      id: expect.any(Number),
      token: expect.stringMatching(/^berth_pat_[0-9A-Za-z]{38}$/),
      name: 'ci',
    });
    expect(Date.parse(made.expires_at) - Date.now()).toBeGreaterThan(6 * 86_400_000);
    const ada = new Client(berth, 'ada', made.token);
    await ada.push('engine/app', '1');
    await ada.push('ada/app', '1');

    const revoked = await call('DELETE', `/users/ada/tokens/${made.id}`);
    expect([revoked.status, revoked.body.length, revoked.headers['content-length']]).toEqual([204, 0, undefined]);
    expect((await ask(berth, { path: '/token?service=x', headers: ada.basic })).status).toBe(401);
    await expectRefused(404, 'DELETE', `/users/ada/tokens/${made.id}`);
  });

  it('take the token as Bearer, too', async () => {
    const answer = await call(
      'PATCH',
      '/packages/acme/app',
      { visibility: 'private' },
      { Authorization: `Bearer ${berth.adminToken}` },
    );
    expect(answer.status).toBe(200);
  });

  it('change the visibility of a package whose name has a slash', async () => {
    for (const path of ['/packages/acme/a%2Fb', '/packages/ACME/a%2fb']) {
      const answer = await call('PATCH', path, { visibility: 'private' });
      expect([answer.status, json(answer)]).toEqual([200, { name: 'acme/a/b', visibility: 'private' }]);
    }
  });
});

describe('its errors', () => {
  it('keep an owner in each organisation', async () => {
    await call('POST', '/users', { login: 'lonely' });
    await call('POST', '/orgs', { login: 'lonely-org' });
    const member = '/orgs/lonely-org/members/lonely';
    expect((await call('PUT', member, { role: 'owner' })).status).toBe(200);
    await expectRefused(409, 'PUT', member, { role: 'member' });
    await expectRefused(409, 'DELETE', member);
    expect((await call('PUT', '/orgs/lonely-org/members/pusher', { role: 'owner' })).status).toBe(200);
    const answer = await call('PUT', member, { role: 'member' });
    expect([answer.status, json(answer)]).toEqual([200, { login: 'lonely', role: 'member' }]);
    await expectRefused(404, 'PUT', '/orgs/pusher/members/lonely', { role: 'member' });
  });

  it('tell names that are taken, in any capitals and of either kind', async () => {
    for (const login of ['pusher', 'Pusher', 'acme', 'ACME']) {
      await expectRefused(409, 'POST', '/users', { login });
      await expectRefused(409, 'POST', '/orgs', { login });
    }
    // reserved, as a path of Berth's own begins with it
    for (const path of ['/users', '/orgs']) await expectRefused(400, 'POST', path, { login: 'admin' });
  });

  it.each([
    '',
    ' ',
    'a b',
    '-a',
    'a-',
    'a/b',
    'a..b',
    '../x',
    'é',
    'x'.repeat(40),
    'v2',
    'V2',
    'token',
    'api',
    'a\0',
    'a\n',
    1,
    null,
    ['a'],
    { a: 1 },
    undefined,
  ])('refuse the login %j', async (login) => {
    await expectRefused(400, 'POST', '/users', { login });
    await expectRefused(400, 'POST', '/orgs', { login });
  });

  it.each([
    { name: 'x' },
    { name: 'x', scopes: [] },
    { name: 'x', scopes: ['all'] },
    { name: 'x', scopes: 'read:packages' },
    { name: 'x', scopes: ['read:packages'], expires_in_days: 0 },
    { name: 'x', scopes: ['read:packages'], expires_in_days: -1 },
    { name: 'x', scopes: ['read:packages'], expires_in_days: 1.5 },
    { name: 'x', scopes: ['read:packages'], expires_in_days: 1e9 },
    { name: 'x', scopes: ['read:packages'], expires_in_days: '7' },
    { name: '', scopes: ['read:packages'] },
    { name: 'x'.repeat(101), scopes: ['read:packages'] },
    { name: 'a\0b', scopes: ['read:packages'] },
    { scopes: ['read:packages'] },
  ])('refuse the token %j', async (body) => {
    await expectRefused(400, 'POST', '/users/pusher/tokens', body);
  });

  it.each([
    ['no JSON', '{'],
    ['nothing', ''],
    ['a list', '[]'],
    ['null', 'null'],
    ['text', '"x"'],
    ['a form', 'login=x'],
    ['very deep', '['.repeat(100_000)],
  ])('refuse %s as body', async (_, body) => {
    await expectRefused(400, 'POST', '/users', body);
    await expectRefused(400, 'PATCH', '/packages/acme/app', body);
  });

  it('refuse more than 1 MiB', async () => {
    await expectRefused(413, 'POST', '/users', JSON.stringify({ login: 'x'.repeat(2 ** 20) }));
  });

  it('name what is not there', async () => {
    await expectRefused(404, 'PUT', '/orgs/none/members/pusher', { role: 'owner' });
    await expectRefused(404, 'PUT', '/orgs/acme/members/none', { role: 'owner' });
    await expectRefused(404, 'PUT', '/orgs/pusher/members/stranger', { role: 'owner' });
    await expectRefused(404, 'POST', '/users/none/tokens', { name: 'x', scopes: ['read:packages'] });
    await expectRefused(404, 'POST', '/users/acme/tokens', { name: 'x', scopes: ['read:packages'] });
    for (const id of ['0', '-1', '999999', 'x', '1e3', '99999999999999999999', '1;DROP', '%00']) {
      await expectRefused(404, 'DELETE', `/users/pusher/tokens/${id}`);
    }
    for (const name of [
      'acme/none',
      'none/app',
      'acme/App',
      'acme/a%252Fb',
      'acme/%00',
      'acme/..',
      'acme/%2e%2e%2fapp',
      'acme/app%2F',
    ]) {
      await expectRefused(404, 'PATCH', `/packages/${name}`, { visibility: 'public' });
    }
    for (const path of ['/users/%00/tokens', '/users/a%00/tokens']) {
      await expectRefused(404, 'POST', path, { name: 'x', scopes: ['read:packages'] });
    }
    await expectRefused(404, 'PUT', '/orgs/%00/members/%00', { role: 'owner' });
    await expectRefused(404, 'GET', '/nothing');
  });

  it("refuse a token's id under another user's name", async () => {
    const { id } = await createToken(berth, 'stranger', ['read:packages']);
    await expectRefused(404, 'DELETE', `/users/pusher/tokens/${id}`);
    await expectRefused(404, 'DELETE', `/users/admin/tokens/${id}`);
    expect((await call('DELETE', `/users/stranger/tokens/${id}`)).status).toBe(204);
  });

  it('refuse roles and visibilities that there are none of', async () => {
    for (const role of ['admin', 'OWNER', '', null, 1])
      await expectRefused(400, 'PUT', '/orgs/acme/members/pusher', { role });
    for (const visibility of ['open', 'PUBLIC', '', null, true]) {
      await expectRefused(400, 'PATCH', '/packages/acme/app', { visibility });
    }
  });

  it('take what the shape does not name for a mistake', async () => {
    const extras: object[] = [
      { role: 'admin' },
      { isAdmin: true },
      { admin: true },
      { ownerId: 1 },
      { user_id: 1 },
      { id: 1 },
      { scopes: ['admin:registry'] },
      { access_version: 0 },
      { constructor: { prototype: { isAdmin: true } } },
    ];
    for (const extra of extras) {
      await expectRefused(400, 'POST', '/users', { login: 'slipped', ...extra });
      await expectRefused(400, 'POST', '/orgs', { login: 'slipped', ...extra });
      await expectRefused(400, 'PATCH', '/packages/acme/app', { visibility: 'public', ...extra });
    }
    await expectRefused(400, 'POST', '/users', '{"login":"slipped","__proto__":{"isAdmin":true}}');
    await expectRefused(400, 'PUT', '/orgs/acme/members/stranger', { role: 'member', owner: true });
    await expectRefused(400, 'POST', '/users/pusher/tokens', {
      name: 'x',
      scopes: ['read:packages'],
      token: 'mine',
      hash: 'x',
    });
  });
});

describe('who may call it', () => {
  const routes: Array<[string, string, unknown]> = [
    ['POST', '/users', { login: 'intruder' }],
    ['POST', '/orgs', { login: 'intruder' }],
    ['PUT', '/orgs/acme/members/stranger', { role: 'owner' }],
    ['POST', '/users/admin/tokens', { name: 'x', scopes: ['admin:registry'] }],
    ['DELETE', '/users/pusher/tokens/1', undefined],
    ['PATCH', '/packages/acme/app', { visibility: 'public' }],
  ];

  it.each(routes)('nobody else: %s %s', async (method, path, body) => {
    const { stranger } = accounts;
    const everything = (await createToken(berth, 'stranger', ['read:packages', 'write:packages', 'delete:packages']))
      .token;
    for (const [authorization, status] of [
      [undefined, 401],
      ['', 401],
      [basicHeader('admin', 'wrong'), 401],
      [basicHeader('admin', ''), 401],
      ['Bearer x', 401],
      [`Bearer ${await stranger.bearer()}`, 401],
      [basicHeader('admin', stranger.token ?? ''), 403],
      [basicHeader('stranger', everything), 403],
      [`Bearer ${everything}`, 403],
    ] as Array<[string | undefined, number]>) {
      const before = await stateOf(berth);
      const answer = await ask(berth, {
        method,
        path: `/admin/v1${path}`,
        headers: {
          'Content-Type': 'application/json',
          ...(authorization !== undefined && { Authorization: authorization }),
        },
        ...(body !== undefined && { body: JSON.stringify(body) }),
      });
      expectProblem(answer, status);
      expect(await stateOf(berth)).toEqual(before);
    }
  });

  it('not by a cookie, a query or a header of another name', async () => {
    const headers = {
      'Content-Type': 'application/json',
      Cookie: `token=${berth.adminToken}`,
      'X-Auth-Token': berth.adminToken,
      'X-Forwarded-User': 'admin',
      'X-WEBAUTH-USER': 'admin',
    };
    const answer = await ask(berth, {
      method: 'POST',
      path: `/admin/v1/users?access_token=${berth.adminToken}`,
      headers,
      body: '{"login":"intruder"}',
    });
    expectProblem(answer, 401);
  });

  it('an operator of another name, with a token of that scope', async () => {
    await call('POST', '/users', { login: 'operator' });
    const { token } = await createToken(berth, 'operator', ['admin:registry']);
    const headers = { Authorization: basicHeader('operator', token) };
    expect((await call('POST', '/orgs', { login: 'by-operator' }, headers)).status).toBe(201);
    // that scope alone opens no package
    expect((await new Client(berth, 'operator', token).v2('/v2/acme/app/tags/list')).status).toBe(404);
  });

  it('nothing under another spelling of its path', async () => {
    for (const path of [
      '/ADMIN/v1/users',
      '//admin/v1/users',
      '/admin//v1/users',
      '/admin/v1/users/',
      '/admin/v1/../v1/users',
      '/admin/v2/users',
    ]) {
      const answer = await ask(berth, {
        method: 'POST',
        path,
        headers: { 'Content-Type': 'application/json' },
        body: '{"login":"intruder"}',
      });
      expect([401, 404, 400]).toContain(answer.status);
    }
    expect(await berth.sql(`SELECT 1 FROM users WHERE login = 'intruder'`)).toEqual([]);
  });
});

it('writes down what was done, and by whom', async () => {
  await call('POST', '/users', { login: 'written' });
  const [entry] = await berth.sql(`SELECT actor, action, target FROM audit_log WHERE target = 'written'`);
  expect(entry).toEqual({ actor: 'admin', action: 'user.create', target: 'written' });
});

it('says nothing failed in its log', () => {
  expect(berth.log()).not.toContain('request failed');
});
