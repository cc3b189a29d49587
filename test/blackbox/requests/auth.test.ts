// Credentials: rows 142 to 151 of the table of bad inputs. Forged tokens are in ../jwt.test.ts.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startBerth, type TestBerth } from '../../support/berth.js';
import { type Accounts, basicHeader, Client, createAccounts, createToken, operator } from '../../support/client.js';
import { ask } from '../../support/raw.js';
import { checkRow, expectRefusal, type Row, testRows } from '../../support/rows.js';

const TAGS = '/v2/acme/app/tags/list';
const TOKEN = '/token?service=x&scope=repository:acme/app:pull';

let berth: TestBerth;
let accounts: Accounts;
const setting = () => ({ berth, accounts });

beforeAll(async () => {
  berth = await startBerth();
  accounts = await createAccounts(berth);
  await accounts.pusher.push('acme/app', '1');
});

afterAll(async () => {
  await berth.stop();
});

const base64 = (text: string): string => Buffer.from(text).toString('base64');
const P = (): string => accounts.pusher.token ?? '';

interface Granted {
  status: number;
  access: Array<{ name: string; actions: string[] }>;
}

/** What a token that was asked for says it allows. */
async function grantOf(query: string, client: Client = accounts.pusher): Promise<Granted> {
  const answer = await ask(berth, { path: `/token?service=x&${query}`, headers: client.basic });
  if (answer.status !== 200) {
    expectRefusal(answer);
    return { status: answer.status, access: [] };
  }
  const { token } = JSON.parse(answer.body.toString()) as { token: string };
  const claims = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString());
  return { status: 200, access: claims.access };
}

describe('145, 146: scopes', () => {
  const nothing = { status: 200, access: [] };

  it.each([
    'repository:*:*',
    'repository:acme/*:pull',
    'registry:catalog:*',
    'repository:acme/app:*',
    'repository:acme/app:',
    'repository:acme/app',
    'repository:acme%252Fapp:pull',
    'repository:acme/../acme/app:pull',
    'repository:Acme/App:pull',
    'repository:acme//app:pull',
    'repository:acme/app:PULL',
    'repository(plugin):acme/app:pull',
    'repository::pull',
    '::::',
    '%00',
    'repository:acme/app%00:pull',
    'repository:other/app:pull,push',
    'repository:acme:pull,push',
  ])('%s grants nothing', async (scope) => {
    expect(await grantOf(`scope=${scope}`)).toEqual(nothing);
  });

  it('grants what is known beside what is not', async () => {
    const { access } = await grantOf(
      'scope=repository:*:*%20repository:acme/app:pull,administer,fly&scope=registry:catalog:*',
    );
    expect(access).toEqual([{ type: 'repository', name: 'acme/app', actions: ['pull'] }]);
  });

  it('reads 500 scopes as at most 100, and none of 64 KiB', async () => {
    const scopes = (count: number) =>
      Array.from({ length: count }, (_, i) => `scope=repository:acme/p${i}:pull`).join('&');
    const { status, access } = await grantOf(scopes(400));
    expect([200, 400, 431]).toContain(status);
    expect(access.length).toBeLessThanOrEqual(100);
    expect((await grantOf(scopes(3000))).status).toBe(431);
  });

  it('gives an anonymous caller no more than pull of what is public', async () => {
    expect(await grantOf('scope=repository:acme/app:pull,push,delete', accounts.anonymous)).toEqual(nothing);
  });
});

describe('147: Basic at /token', () => {
  const bad = (what: string, authorization: () => string): [string, () => string] => [what, authorization];
  it.each([
    bad('not base64', () => 'Basic !!!'),
    bad('nothing', () => 'Basic '),
    bad('no scheme', () => base64(`pusher:${P()}`)),
    bad('no colon', () => `Basic ${base64('pusher')}`),
    bad('no user', () => `Basic ${base64(`:${P()}`)}`),
    bad('no password', () => `Basic ${base64('pusher:')}`),
    bad('NUL', () => `Basic ${base64(`pusher\0:${P()}`)}`),
    bad('NUL behind', () => `Basic ${base64(`pusher:${P()}\0`)}`),
    bad('a wrong password', () => basicHeader('pusher', 'berth_pat_wrong')),
    bad('a wrong password of the right form', () => basicHeader('pusher', `${P().slice(0, -1)}!`)),
    bad('a password with one letter changed', () =>
      basicHeader(
        'pusher',
        P().replace(/.$/, (end) => (end === 'a' ? 'b' : 'a')),
      ),
    ),
    bad('a password of other capitals', () => basicHeader('pusher', P().toLowerCase())),
    bad('a space behind', () => basicHeader('pusher', `${P()} `)),
    bad('two spaces', () => `Basic  ${base64(`pusher:${P()}`)}`),
    bad('a long password', () => basicHeader('pusher', 'x'.repeat(8000))),
    bad('the password as a bearer token', () => `Bearer ${P()}`),
    bad('Digest', () => `Digest ${base64(`pusher:${P()}`)}`),
    bad('Negotiate', () => 'Negotiate x'),
  ])('%s', async (_, authorization) => {
    const answer = await ask(berth, { path: TOKEN, headers: { Authorization: authorization() } });
    expect(answer.status).toBe(401);
    expectRefusal(answer);
    expect(answer.headers['www-authenticate']).toMatch(/^Basic /);
    expect(answer.body.toString()).not.toContain(P().slice(10));
  });

  it('64 KiB', async () => {
    const answer = await ask(berth, { path: TOKEN, headers: { Authorization: `Basic ${'A'.repeat(65_536)}` } });
    expect([401, 431]).toContain(answer.status);
    expectRefusal(answer);
  });

  it('takes any user name with the right token, as the password decides', async () => {
    for (const [scheme, name] of [
      ['Basic', 'pusher'],
      ['basic', 'x'],
      ['BASIC', 'a:b'.slice(0, 1)],
    ] as const) {
      const answer = await ask(berth, {
        path: TOKEN,
        headers: { Authorization: `${scheme} ${base64(`${name}:${P()}`)}` },
      });
      expect(answer.status).toBe(200);
    }
  });

  it('answers alike for an unknown user, a known user and a disabled one', async () => {
    await operator(berth, 'POST', '/users', { login: 'gone' });
    const { token } = await createToken(berth, 'gone', ['read:packages']);
    await berth.sql(`UPDATE users SET disabled_at = now() WHERE login = 'gone'`);
    const answers = await Promise.all(
      [
        ['nobody', 'x'.repeat(48)],
        ['pusher', 'x'.repeat(48)],
        ['gone', token],
      ].map(async ([login, password]) => {
        const { status, body, headers } = await ask(berth, {
          path: TOKEN,
          headers: { Authorization: basicHeader(login ?? '', password ?? '') },
        });
        const { 'x-request-id': _, date: __, ...rest } = headers;
        return { status, body: body.toString(), rest };
      }),
    );
    expect(answers[0]?.status).toBe(401);
    expect(answers[1]).toEqual(answers[0]);
    expect(answers[2]).toEqual(answers[0]);
  });
});

describe('149: Authorization under /v2', () => {
  const bearer = () => accounts.pusher.bearerFor(TAGS);
  const row = async (what: string, headers: Row['headers'], rest: Partial<Row>) =>
    checkRow(setting(), { row: 149, what, path: TAGS, headers, status: 401, code: 'UNAUTHORIZED', ...rest } as Row);

  it('takes the scheme in any capitals', async () => {
    for (const scheme of ['Bearer', 'bearer', 'BEARER']) {
      await row(scheme, { Authorization: `${scheme} ${await bearer()}` }, { status: 200 });
    }
  });

  it('takes no token that stands otherwise', async () => {
    const token = await bearer();
    for (const value of [
      `Bearer  ${token}`,
      `Bearer ${token} x`,
      `Bearer ${token},`,
      `Bearer${token}`,
      token,
      'Bearer',
      'Bearer ',
      `Token ${token}`,
      `Bearer "${token}"`,
    ]) {
      await row(value.replace(token, 'TOKEN'), { Authorization: value }, {});
    }
  });

  it('takes no two of them', async () => {
    const good = `Bearer ${await bearer()}`;
    for (const pair of [
      [good, 'Bearer x'],
      ['Bearer x', good],
      [good, good],
    ] as const) {
      await row(
        'two',
        pair.map((value): [string, string] => ['Authorization', value]),
        { status: [400, 401], code: ['UNSUPPORTED', 'UNAUTHORIZED'] },
      );
    }
  });

  it('takes no token from anywhere else', async () => {
    const token = await bearer();
    const anonymous: Partial<Row> = { as: 'anonymous' };
    await row('query', {}, { ...anonymous, path: `${TAGS}?access_token=${token}&token=${token}` });
    await row('cookie', { Cookie: `token=${token}; authorization=Bearer ${token}` }, anonymous);
    await row(
      'other headers',
      {
        'X-Auth-Token': token,
        'Proxy-Authorization': `Bearer ${token}`,
        'X-WEBAUTH-USER': 'pusher',
        'X-Forwarded-User': 'pusher',
      },
      anonymous,
    );
  });
});

describe('148: tokens that ended', () => {
  it('are refused at once, and so are the bearer tokens got with them', async () => {
    const { id, token } = await createToken(berth, 'pusher', ['read:packages']);
    const client = new Client(berth, 'pusher', token);
    const authorization = `Bearer ${await client.bearerFor(TAGS)}`;
    expect((await client.v2(TAGS, { headers: { authorization } })).status).toBe(200);
    expect((await operator(berth, 'DELETE', `/users/pusher/tokens/${id}`)).status).toBe(204);
    expect((await client.v2(TAGS, { headers: { authorization } })).status).toBe(401);
    expect((await client.v2('/v2/', { headers: { authorization } })).status).toBe(401);
    expect((await ask(berth, { path: TOKEN, headers: client.basic })).status).toBe(401);
  });

  it('are refused once they expire', async () => {
    const { id, token } = await createToken(berth, 'pusher', ['read:packages']);
    const client = new Client(berth, 'pusher', token);
    const authorization = `Bearer ${await client.bearerFor(TAGS)}`;
    await berth.sql(`UPDATE access_tokens SET expires_at = now() WHERE id = $1`, [id]);
    expect((await client.v2(TAGS, { headers: { authorization } })).status).toBe(401);
    expect((await ask(berth, { path: TOKEN, headers: client.basic })).status).toBe(401);
  });

  it('of a disabled user are refused', async () => {
    await operator(berth, 'POST', '/users', { login: 'leaver' });
    await operator(berth, 'PUT', '/orgs/acme/members/leaver', { role: 'owner' });
    const client = new Client(berth, 'leaver', (await createToken(berth, 'leaver', ['read:packages'])).token);
    const authorization = `Bearer ${await client.bearerFor(TAGS)}`;
    expect((await client.v2(TAGS, { headers: { authorization } })).status).toBe(200);
    await berth.sql(`UPDATE users SET disabled_at = now() WHERE login = 'leaver'`);
    expect((await client.v2(TAGS, { headers: { authorization } })).status).toBe(401);
    expect((await ask(berth, { path: TOKEN, headers: client.basic })).status).toBe(401);
  });

  it('of somebody who left the organisation see nothing of it', async () => {
    await operator(berth, 'POST', '/users', { login: 'former' });
    await operator(berth, 'PUT', '/orgs/acme/members/former', { role: 'owner' });
    const client = new Client(berth, 'former', (await createToken(berth, 'former', ['read:packages'])).token);
    const authorization = `Bearer ${await client.bearerFor(TAGS)}`;
    expect((await client.v2(TAGS, { headers: { authorization } })).status).toBe(200);
    await berth.sql(`DELETE FROM members m USING users u WHERE u.id = m.user_id AND u.login = 'former'`);
    expect((await client.v2(TAGS, { headers: { authorization } })).status).toBe(404);
  });
});

describe('150: POST /token', () => {
  const form = (body: string, rest: Partial<Row> = {}): Row => ({
    row: 150,
    what: body.slice(0, 40),
    as: 'anonymous',
    method: 'POST',
    path: '/token',
    headers: { 'Content-Type': 'application/x-www-form-urlencoded' },
    body,
    status: 400,
    ...rest,
  });
  testRows(setting, [
    form('grant_type=foo'),
    form(''),
    form('grant_type='),
    form('grant_type=client_credentials&client_id=x&client_secret=y'),
    form('grant_type=password', { status: 401 }),
    form('grant_type=password&username=pusher&password=wrong', { status: 401 }),
    form('grant_type=password&username=%00&password=%00', { status: 401 }),
    form('grant_type=refresh_token&refresh_token=x', { status: 401 }),
    form('grant_type=refresh_token', { status: 401 }),
    form(`x=${'y'.repeat(70_000)}`, { status: 413 }),
    form('{"grant_type":"password"}', { headers: { 'Content-Type': 'application/json' } }),
    form('grant_type=password', { headers: {} }),
    form('grant_type=password', { headers: { 'Content-Type': 'text/plain' } }),
    form('grant_type=password', { method: 'PUT', status: 405, code: 'UNSUPPORTED' }),
  ]);
});

describe('151: too many bad logins', () => {
  let limited: TestBerth;
  let own: Accounts;

  beforeAll(async () => {
    limited = await startBerth({ BERTH_RATE_LIMITS: 'on' });
    own = await createAccounts(limited);
  });

  afterAll(async () => {
    await limited.stop();
  });

  it('are told to wait, and lock nobody out', async () => {
    const login = (name: string, password: string) =>
      ask(limited, { path: TOKEN, headers: { Authorization: basicHeader(name, password) } });
    const statuses: number[] = [];
    for (let i = 0; i < 100; i++) {
      const answer = await login('pusher', 'x'.repeat(48));
      expectRefusal(answer);
      statuses.push(answer.status);
      if (answer.status === 429) expect(Number(answer.headers['retry-after'])).toBeGreaterThan(0);
    }
    expect(statuses[0]).toBe(401);
    expect(statuses.at(-1)).toBe(429);
    expect((await login('pusher', own.pusher.token ?? '')).status, 'the right token works').toBe(200);
    expect((await login('stranger', 'x'.repeat(48))).status, 'others are counted apart').toBe(401);
    expect((await login('stranger', own.stranger.token ?? '')).status).toBe(200);
  });

  it('are counted for the operator API, too', async () => {
    const login = (password: string) =>
      ask(limited, { path: '/admin/v1/nothing', headers: { Authorization: basicHeader('operator', password) } });
    const call = (password: string) =>
      ask(limited, {
        method: 'POST',
        path: '/admin/v1/users',
        headers: { Authorization: basicHeader('operator', password), 'Content-Type': 'application/json' },
        body: '{"login":"nobody-new"}',
      });
    expect((await login('x'.repeat(48))).status, 'no route, nothing to log in to').toBe(404);
    const statuses: number[] = [];
    for (let i = 0; i < 70; i++) statuses.push((await call('x'.repeat(48))).status);
    expect(statuses[0]).toBe(401);
    expect(statuses.at(-1)).toBe(429);
    expect((await call(limited.adminToken)).status, 'the right token works').toBe(201);
  });

  it('count for the address that the connection came from', async () => {
    const answer = await ask(limited, {
      path: TOKEN,
      headers: {
        Authorization: basicHeader('pusher', 'y'.repeat(48)),
        'X-Forwarded-For': '203.0.113.9',
        'X-Real-IP': '203.0.113.9',
      },
    });
    expect(answer.status).toBe(429);
  });
});
