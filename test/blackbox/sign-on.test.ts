// People sign in at a real OpenID provider: the code flow, its forgeries, sessions, groups, and what sign-on guards.
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { startBerth, type TestBerth } from '../support/berth.js';
import { type Accounts, Client, createAccounts, operator } from '../support/client.js';
import { browse, startIssuer, type TestIssuer } from '../support/issuer.js';
import { createPerson, type Person } from '../support/people.js';

const ORIGIN = 'http://berth.example';
const SECRET = 'a-client-secret-of-the-tests';

let berth: TestBerth;
let issuer: TestIssuer;
let accounts: Accounts;
let owner: Person;

const settings = () => ({
  BERTH_PUBLIC_URL: ORIGIN,
  BERTH_OIDC_ISSUER: issuer.url,
  BERTH_OIDC_CLIENT_ID: 'berth-web',
  BERTH_OIDC_CLIENT_SECRET: SECRET,
  BERTH_OUTBOUND_NETWORKS: '127.0.0.0/8',
  BERTH_OUTBOUND_HTTP: 'on',
});

beforeAll(async () => {
  const redirectUri = `${ORIGIN}/login/sso/callback`;
  issuer = await startIssuer({ clients: [{ id: 'berth-web', secret: SECRET, redirectUri }] });
  berth = await startBerth(settings());
  accounts = await createAccounts(berth);
  owner = await createPerson(berth, 'boss', { member: { guild: 'owner' } });
  await owner.rest('POST', '/orgs/guild/teams', { name: 'core' });
  await owner.rest('POST', '/orgs/guild/teams', { name: 'docs' });
});

afterAll(async () => {
  await berth?.stop();
  await issuer?.stop();
});

const get = (path: string, cookie = '') => fetch(berth.url + path, { redirect: 'manual', headers: { cookie } });

/** The cookies that an answer sets, as a browser sends them back. */
const cookiesOf = (answer: Response): string =>
  answer.headers
    .getSetCookie()
    .map((line) => line.split(';')[0])
    .filter((pair) => !pair?.endsWith('='))
    .join('; ');

/** Sends the browser to the provider and back: where to come back to, and the cookies that it has. */
async function leave(subject: string, returnTo = ''): Promise<{ back: string; cookie: string }> {
  issuer.signsIn(subject);
  const begun = await get(`/login/sso${returnTo && `?return_to=${encodeURIComponent(returnTo)}`}`);
  expect(begun.status).toBe(302);
  const back = await browse(begun.headers.get('location') ?? '', issuer.url);
  expect(back.origin).toBe(ORIGIN);
  return { back: back.pathname + back.search, cookie: cookiesOf(begun) };
}

async function signIn(subject: string): Promise<Response> {
  const { back, cookie } = await leave(subject);
  return get(back, cookie);
}

interface Me {
  login: string;
  scopes: string[];
}
const who = async (cookie: string) => (await (await get('/login', cookie)).json()) as Me;
const person = (subject: string, more: object = {}) =>
  issuer.accounts.set(subject, { preferred_username: subject, groups: [], ...more });

describe('the way in', () => {
  it('makes a user of a newcomer and opens a session', async () => {
    person('alice', { preferred_username: 'alice@corp.example' });
    const answer = await signIn('alice');
    expect([answer.status, answer.headers.get('location')]).toEqual([302, '/']);
    expect(await who(cookiesOf(answer))).toEqual({
      login: 'alice',
      scopes: ['read:packages', 'write:packages', 'delete:packages', 'admin:org'],
    });
    const again = await signIn('alice');
    expect((await who(cookiesOf(again))).login).toBe('alice');
    const [count] = await berth.sql(`SELECT count(*)::int AS n FROM users WHERE login_key = 'alice'`);
    expect(count).toEqual({ n: 1 });
  });

  it('comes back to where it began, and to no other host', async () => {
    for (const [asked, got] of [
      ['/orgs/guild', '/orgs/guild'],
      ['//evil.example', '/'],
      ['/\\evil.example', '/'],
    ] as const) {
      const { back, cookie } = await leave('alice', asked);
      expect((await get(back, cookie)).headers.get('location')).toBe(got);
    }
  });

  it('goes nowhere else for a cookie that somebody else set', async () => {
    const { back, cookie } = await leave('alice');
    const kept = JSON.parse(Buffer.from(cookie.split('=')[1] ?? '', 'base64url').toString());
    const forged = Buffer.from(JSON.stringify({ ...kept, returnTo: '//evil.example' })).toString('base64url');
    const answer = await get(back, `berth-sign-on=${forged}`);
    expect([answer.status, answer.headers.get('location')]).toEqual([302, '/']);
  });

  it('asks with state, nonce and PKCE, and for the exact place to come back to', async () => {
    const begun = await get('/login/sso');
    const url = new URL(begun.headers.get('location') ?? '');
    expect(Object.fromEntries(url.searchParams)).toMatchObject({
      response_type: 'code',
      code_challenge_method: 'S256',
      code_challenge: expect.stringMatching(/^[\w-]{43}$/),
      state: expect.stringMatching(/^[\w-]{43}$/),
      nonce: expect.stringMatching(/^[\w-]{43}$/),
      redirect_uri: `${ORIGIN}/login/sso/callback`,
    });
    expect(begun.headers.get('location')).not.toContain(SECRET);
  });

  it('gives the cookie to nobody but this origin, never to scripts', async () => {
    const answer = await signIn('alice');
    const line = answer.headers.getSetCookie().find((cookie) => cookie.startsWith('berth-session='));
    expect(line).toMatch(/^berth-session=[\w-]{43};/);
    expect(line).toMatch(/; HttpOnly/);
    expect(line).toMatch(/; SameSite=Lax/);
    expect(line).toMatch(/; Path=\//);
    expect(line).not.toMatch(/Domain/);
    const [stored] = await berth.sql(`SELECT count(*)::int AS n FROM access_tokens WHERE name LIKE '%' || $1 || '%'`, [
      line?.slice(14, 57),
    ]);
    expect(stored).toEqual({ n: 0 });
  });

  it('under https names it __Host- and marks it Secure', async () => {
    const secure = await startBerth({ ...settings(), BERTH_PUBLIC_URL: 'https://berth.example' });
    try {
      const begun = await fetch(`${secure.url}/login/sso`, { redirect: 'manual' });
      expect(begun.headers.getSetCookie()[0]).toMatch(/^__Host-berth-sign-on=[\w-]+;.*Secure/);
    } finally {
      await secure.stop();
    }
  });

  it('gives a new session at each login and ends the one before', async () => {
    const first = cookiesOf(await signIn('alice'));
    const { back, cookie } = await leave('alice');
    const second = cookiesOf(await get(back, `${cookie}; ${first}`));
    expect(second).not.toBe(first);
    expect((await get('/login', first)).status).toBe(401);
    expect((await get('/login', second)).status).toBe(200);
  });

  it('says so when the provider does not answer', async () => {
    const alone = await startBerth({ ...settings(), BERTH_OIDC_ISSUER: 'http://127.0.0.1:9' });
    try {
      const answer = await fetch(`${alone.url}/login/sso`, { redirect: 'manual' });
      expect([answer.status, await answer.text()]).toEqual([503, expect.stringContaining('does not answer')]);
    } finally {
      await alone.stop();
    }
  });

  it('is not there where the operator named no provider', async () => {
    const without = await startBerth();
    try {
      for (const path of ['/login/sso', '/login/sso/callback?code=a&state=b']) {
        expect((await fetch(without.url + path, { redirect: 'manual' })).status).toBeGreaterThanOrEqual(401);
      }
    } finally {
      await without.stop();
    }
  });
});

describe('what is forged', () => {
  const refused = async (back: string, cookie: string) => {
    const answer = await get(back, cookie);
    expect(answer.status).toBe(401);
    expect(answer.headers.getSetCookie().filter((line) => line.startsWith('berth-session'))).toEqual([]);
  };
  const change = (back: string, changes: Record<string, string | undefined>) => {
    const url = new URL(back, ORIGIN);
    for (const [name, value] of Object.entries(changes)) {
      if (value === undefined) url.searchParams.delete(name);
      else url.searchParams.set(name, value);
    }
    return url.pathname + url.search;
  };

  it('a state that is not the browser’s own', async () => {
    const { back, cookie } = await leave('alice');
    await refused(change(back, { state: 'x'.repeat(43) }), cookie);
    await refused(change(back, { state: undefined }), cookie);
  });

  it('a callback in another browser, which has no or its own beginning (login CSRF)', async () => {
    const { back } = await leave('alice');
    const { cookie: victim } = await leave('alice');
    await refused(back, '');
    await refused(back, victim);
  });

  it('a code that was used', async () => {
    const { back, cookie } = await leave('alice');
    expect((await get(back, cookie)).status).toBe(302);
    await refused(back, cookie);
  });

  it('a code that is none, or none at all, or the provider’s refusal', async () => {
    const { back, cookie } = await leave('alice');
    await refused(change(back, { code: 'made-up' }), cookie);
    await refused(change(back, { code: undefined }), cookie);
    await refused(change(back, { code: undefined, error: 'access_denied' }), cookie);
  });

  it('an answer of another issuer (mix-up)', async () => {
    const { back, cookie } = await leave('alice');
    expect(new URL(back, ORIGIN).searchParams.get('iss')).toBe(issuer.url);
    await refused(change(back, { iss: 'https://other.example' }), cookie);
  });

  it('another nonce or verifier in the cookie', async () => {
    for (const name of ['nonce', 'verifier']) {
      const { back, cookie } = await leave('alice');
      const kept = JSON.parse(Buffer.from(cookie.split('=')[1] ?? '', 'base64url').toString());
      const forged = Buffer.from(JSON.stringify({ ...kept, [name]: 'y'.repeat(43) })).toString('base64url');
      await refused(back, `berth-sign-on=${forged}`);
    }
  });
});

describe('who is who', () => {
  it('goes by issuer and subject, never by name: a taken login is not handed over', async () => {
    person('impostor', { preferred_username: 'pusher', email: 'pusher@corp.example', email_verified: true });
    const answer = await signIn('impostor');
    expect(answer.status).toBe(409);
    expect(answer.headers.getSetCookie().some((line) => line.startsWith('berth-session'))).toBe(false);
    for (const login of ['', 'no/login', 'admin', 'Acme', 'token']) {
      person('odd', { preferred_username: login });
      expect((await signIn('odd')).status, login).toBe(409);
    }
  });

  it('lets an operator link a user', async () => {
    person('sub-of-pusher', { preferred_username: 'pusher' });
    const link = { issuer: issuer.url, subject: 'sub-of-pusher' };
    expect((await operator(berth, 'PUT', '/users/nobody/identities', link)).status).toBe(404);
    expect((await operator(berth, 'PUT', '/users/pusher/identities', link)).status).toBe(204);
    expect((await who(cookiesOf(await signIn('sub-of-pusher')))).login).toBe('pusher');
    expect((await operator(berth, 'PUT', '/users/stranger/identities', link)).status).toBe(404);
  });

  it('leaves a disabled user disabled: no session, and none of the old ones', async () => {
    person('gone');
    const session = cookiesOf(await signIn('gone'));
    const { body } = await operator(berth, 'POST', '/users/gone/tokens', { name: 't', scopes: ['read:packages'] });
    expect((await operator(berth, 'PATCH', '/users/gone', { disabled: true })).status).toBe(200);
    expect((await get('/login', session)).status).toBe(401);
    expect((await signIn('gone')).status).toBe(403);
    const bearer = await fetch(`${berth.url}/api/v3/user/tokens`, {
      headers: { authorization: `Bearer ${body.token}` },
    });
    expect(bearer.status).toBe(401);
    const [user] = await berth.sql(`SELECT disabled_at IS NOT NULL AS off FROM users WHERE login_key = 'gone'`);
    expect(user).toEqual({ off: true });
    expect((await operator(berth, 'PATCH', '/users/gone', { disabled: false })).status).toBe(200);
    expect((await signIn('gone')).status).toBe(302);
  });
});

describe('groups', () => {
  const membersOf = async (path: string) => {
    const { body } = await owner.rest('GET', path);
    return (body as unknown as Array<{ login: string }>).map(({ login }) => login).sort();
  };
  beforeAll(async () => {
    const groups = [{ group: 'everyone' }, { group: 'core-people', team: 'Core' }, { group: 'writers', team: 'docs' }];
    const { status, body } = await owner.rest('PUT', '/orgs/guild/sso', { required: false, groups });
    expect([status, body]).toEqual([
      200,
      { required: false, groups: [groups[0], { ...groups[1], team: 'core' }, groups[2]] },
    ]);
  });

  it('replace memberships and never add to them', async () => {
    person('carol', { groups: ['everyone', 'core-people', 'unrelated'] });
    await signIn('carol');
    expect(await membersOf('/orgs/guild/members')).toEqual(['boss', 'carol']);
    expect(await membersOf('/orgs/guild/teams/core/members')).toContain('carol');

    person('carol', { groups: ['writers'] });
    await signIn('carol');
    expect(await membersOf('/orgs/guild/teams/core/members')).not.toContain('carol');
    expect(await membersOf('/orgs/guild/teams/docs/members')).toContain('carol');

    person('carol', { groups: [] });
    await signIn('carol');
    expect(await membersOf('/orgs/guild/members')).toEqual(['boss']);
    expect(await membersOf('/orgs/guild/teams/docs/members')).toEqual([]);
  });

  it('that are missing altogether count as none', async () => {
    person('dora', { groups: ['everyone'] });
    await signIn('dora');
    expect(await membersOf('/orgs/guild/members')).toContain('dora');
    issuer.accounts.set('dora', { preferred_username: 'dora' });
    await signIn('dora');
    expect(await membersOf('/orgs/guild/members')).not.toContain('dora');
  });

  it('cut off takes effect at once, for tokens made before', async () => {
    await owner.v2.push('guild/inside', '1');
    await operator(berth, 'PATCH', '/packages/guild/inside', { visibility: 'internal' });
    person('erin', { groups: ['everyone'] });
    await signIn('erin');
    const { body } = await operator(berth, 'POST', '/users/erin/tokens', { name: 't', scopes: ['read:packages'] });
    const erin = new Client(berth, 'erin', String(body.token));
    const authorization = `Bearer ${await erin.bearerFor('/v2/guild/inside/manifests/1')}`;
    const pull = async () => (await erin.v2('/v2/guild/inside/manifests/1', { headers: { authorization } })).status;
    expect(await pull()).toBe(200);
    person('erin', { groups: [] });
    await signIn('erin');
    expect(await pull()).toBe(404);
  });

  it('name teams that are there, and are the owners’ to set', async () => {
    const unknown = await owner.rest('PUT', '/orgs/guild/sso', {
      required: false,
      groups: [{ group: 'a', team: 'none' }],
    });
    expect(unknown.status).toBe(422);
    const stranger = await fetch(`${berth.url}/api/v3/orgs/guild/sso`, {
      headers: { authorization: `Bearer ${accounts.stranger.token}` },
    });
    expect([403, 404]).toContain(stranger.status);
  });
});

describe('a session', () => {
  let cookie: string;
  beforeEach(async () => {
    cookie = cookiesOf(await signIn('alice'));
  });
  const rest = (method: string, path: string, headers: Record<string, string>, body?: object) =>
    fetch(`${berth.url}/api/v3${path}`, {
      method,
      headers: { cookie, ...headers },
      ...(body && { body: JSON.stringify(body) }),
    });

  it('reads the REST API, and writes from this registry’s pages only', async () => {
    const token = { name: 'made', scopes: ['read:packages'] };
    expect((await rest('GET', '/user/tokens', {})).status).toBe(200);
    for (const headers of [
      {},
      { origin: 'http://evil.example' },
      { origin: 'null' },
      { 'sec-fetch-site': 'cross-site' },
    ]) {
      expect((await rest('POST', '/user/tokens', headers, token)).status, JSON.stringify(headers)).toBe(403);
    }
    expect((await rest('POST', '/user/tokens', { origin: ORIGIN }, token)).status).toBe(201);
    expect((await rest('POST', '/user/tokens', { 'sec-fetch-site': 'same-origin' }, token)).status).toBe(201);
  });

  it('makes no token with the administrator’s scope', async () => {
    const token = { name: 'made', scopes: ['admin:registry'] };
    expect((await rest('POST', '/user/tokens', { origin: ORIGIN }, token)).status).toBe(403);
  });

  it('counts nowhere else: not under /v2, /token and /admin, not as a password, not beside an Authorization header', async () => {
    expect((await get('/v2/', cookie)).status).toBe(401);
    expect((await get('/admin/v1/orgs/acme/trust-policies', cookie)).status).toBe(401);
    const secret = cookie.split('=')[1] ?? '';
    const asPassword = await fetch(`${berth.url}/token?service=x`, {
      headers: { authorization: `Basic ${Buffer.from(`alice:${secret}`).toString('base64')}` },
    });
    expect(asPassword.status).toBe(401);
    expect((await rest('GET', '/user/tokens', { authorization: 'Bearer wrong-token-of-20-characters' })).status).toBe(
      401,
    );
    const anonymous = (await (await get('/token?service=x', cookie)).json()) as { token: string };
    expect(JSON.parse(Buffer.from(anonymous.token.split('.')[1] ?? '', 'base64url').toString()).sub).toBe('anonymous');
  });

  it('ends at logout, at its end, and when it lies idle', async () => {
    const logout = (headers: Record<string, string>) =>
      fetch(`${berth.url}/logout`, { method: 'POST', headers: { cookie, ...headers } });
    expect((await logout({ origin: 'http://evil.example' })).status).toBe(403);
    expect((await get('/login', cookie)).status).toBe(200);
    expect((await logout({ origin: ORIGIN })).status).toBe(204);
    expect((await get('/login', cookie)).status).toBe(401);

    cookie = cookiesOf(await signIn('alice'));
    await berth.sql(`UPDATE sessions SET seen_at = now() - interval '3 hours'`);
    expect((await get('/login', cookie)).status).toBe(401);

    cookie = cookiesOf(await signIn('alice'));
    await berth.sql(`UPDATE access_tokens SET expires_at = now() WHERE kind = 'session'`);
    expect((await get('/login', cookie)).status).toBe(401);
  });
});

describe('with an access token', () => {
  const login = (token: string, origin = ORIGIN) =>
    fetch(`${berth.url}/login`, { method: 'POST', headers: { origin }, body: JSON.stringify({ token }) });

  it('the local administrator signs in as before', async () => {
    const answer = await login(berth.adminToken);
    expect(answer.status).toBe(200);
    expect(await who(cookiesOf(answer))).toMatchObject({
      login: 'admin',
      scopes: expect.arrayContaining(['admin:registry']),
    });
    expect((await login(berth.adminToken, 'http://evil.example')).status).toBe(403);
    expect((await login('wrong-token-of-20-characters')).status).toBe(401);
  });

  it('the session ends with the token, and may do no more than it', async () => {
    const { body } = await operator(berth, 'POST', '/users/pusher/tokens', { name: 't', scopes: ['read:packages'] });
    const cookie = cookiesOf(await login(String(body.token)));
    expect((await who(cookie)).scopes).toEqual(['read:packages']);
    await operator(berth, 'DELETE', `/users/pusher/tokens/${body.id}`);
    expect((await get('/login', cookie)).status).toBe(401);
  });
});

it('keeps a hundred sessions of one user, the newest', async () => {
  const { body } = await operator(berth, 'POST', '/users/stranger/tokens', { name: 't', scopes: ['read:packages'] });
  const login = async () => {
    const answer = await fetch(`${berth.url}/login`, {
      method: 'POST',
      headers: { origin: ORIGIN },
      body: JSON.stringify({ token: body.token }),
    });
    expect(answer.status).toBe(200);
    return cookiesOf(answer);
  };
  const first = await login();
  for (let i = 1; i < 100; i++) await login();
  const last = await login();
  expect((await get('/login', first)).status).toBe(401);
  expect((await get('/login', last)).status).toBe(200);
  const [count] = await berth.sql(`SELECT count(*)::int AS n FROM access_tokens t JOIN users u ON u.id = t.user_id
    WHERE t.kind = 'session' AND u.login_key = 'stranger'`);
  expect(count).toEqual({ n: 100 });
});

describe('an organisation that demands single sign-on', () => {
  it('lets no token take another’s authorisation by rotating it, and no session keep what its token lost', async () => {
    const keeper = await createPerson(berth, 'keeper', { member: { safe: 'owner' } });
    await keeper.v2.push('safe/gold', '1');
    await keeper.rest('PUT', '/orgs/safe/sso', { required: true, groups: [] });
    person('sub-of-keeper');
    await operator(berth, 'PUT', '/users/keeper/identities', { issuer: issuer.url, subject: 'sub-of-keeper' });
    const cookie = cookiesOf(await signIn('sub-of-keeper'));
    const bySession = (method: string, path: string) =>
      fetch(`${berth.url}/api/v3${path}`, { method, headers: { cookie, origin: ORIGIN } });
    const { body: trusted } = await keeper.rest('POST', '/user/tokens', { name: 'sso', scopes: ['read:packages'] });
    const authorisation = `/user/tokens/${trusted.id}/sso/safe`;
    expect((await bySession('PUT', authorisation)).status).toBe(204);
    for (const [method, path] of [
      ['POST', '/rotation'],
      ['DELETE', ''],
    ] as const) {
      expect((await keeper.rest(method, `/user/tokens/${trusted.id}${path}`)).status).toBe(403);
    }

    const login = await fetch(`${berth.url}/login`, {
      method: 'POST',
      headers: { origin: ORIGIN },
      body: JSON.stringify({ token: trusted.token }),
    });
    const look = async () =>
      (await fetch(`${berth.url}/api/v3/orgs/safe/packages/container/gold`, { headers: { cookie: cookiesOf(login) } }))
        .status;
    expect(await look()).toBe(200);
    expect((await bySession('DELETE', authorisation)).status).toBe(204);
    expect(await look()).toBe(404);
    expect((await bySession('POST', `/user/tokens/${trusted.id}/rotation`)).status).toBe(201);
  });

  it('takes only tokens that were authorised for it by who signed in, and lets go of them', async () => {
    const chief = await createPerson(berth, 'chief', { member: { vault: 'owner' } });
    await chief.v2.push('vault/gold', '1');
    const pull = async () => (await chief.v2.v2('/v2/vault/gold/manifests/1')).status;
    const listed = async () =>
      ((await chief.rest('GET', '/orgs/vault/packages?package_type=container')).body as unknown as unknown[]).length;
    expect([await pull(), await listed()]).toEqual([200, 1]);
    expect((await chief.rest('PUT', '/orgs/vault/sso', { required: true, groups: [] })).status).toBe(200);
    expect([await pull(), await listed()]).toEqual([404, 0]);
    expect((await chief.v2.v2('/v2/vault/gold/blobs/uploads/', { method: 'POST' })).status).toBe(403);
    expect((await chief.rest('GET', '/orgs/vault/sso')).status).not.toBe(200);

    const tokens = (await chief.rest('GET', '/user/tokens')).body as unknown as Array<{ id: number }>;
    const path = `/user/tokens/${tokens[0]?.id}/sso/vault`;
    expect((await chief.rest('PUT', path)).status).toBe(403);
    person('sub-of-chief');
    await operator(berth, 'PUT', '/users/chief/identities', { issuer: issuer.url, subject: 'sub-of-chief' });
    const cookie = cookiesOf(await signIn('sub-of-chief'));
    const bySession = (method: string) =>
      fetch(`${berth.url}/api/v3${path}`, { method, headers: { cookie, origin: ORIGIN } });
    expect((await bySession('PUT')).status).toBe(204);
    expect([await pull(), await listed()]).toEqual([200, 1]);
    expect((await bySession('DELETE')).status).toBe(204);
    expect([await pull(), await listed()]).toEqual([404, 0]);
    const rules = await fetch(`${berth.url}/api/v3/orgs/vault/sso`, { headers: { cookie } });
    expect([rules.status, await rules.json()]).toEqual([200, { required: true, groups: [] }]);
  });
});

it('keeps the client’s secret and sessions out of log and database', async () => {
  const cookie = cookiesOf(await signIn('alice')).split('=')[1] ?? 'none';
  expect(berth.log()).not.toContain(SECRET);
  expect(berth.log()).not.toContain(cookie);
  for (const table of ['access_tokens', 'sessions', 'audit_log', 'sso_identities']) {
    const rows = JSON.stringify(await berth.sql(`SELECT t::text FROM ${table} AS t`));
    expect(rows.includes(SECRET) || rows.includes(cookie), table).toBe(false);
  }
});
