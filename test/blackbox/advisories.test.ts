// Advisories of other registries and forges that are about access: each is tried on Berth.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startBerth, type TestBerth } from '../support/berth.js';
import {
  type Accounts,
  basicHeader,
  Client,
  createAccounts,
  createToken,
  E,
  encode,
  errorCode,
  image,
  OCI_MANIFEST,
  operator,
  sha256,
} from '../support/client.js';
import { createPerson, type Person, rightsOf } from '../support/people.js';
import { ask } from '../support/raw.js';
import { rest } from '../support/rest.js';

const ALL = ['read:packages', 'write:packages', 'delete:packages'];
const SECRET = Buffer.from('bytes of a private package');
const MANIFEST = image([SECRET]);

let berth: TestBerth;
let accounts: Accounts;
let owner: Person;

beforeAll(async () => {
  berth = await startBerth();
  accounts = await createAccounts(berth);
  owner = await createPerson(berth, 'boss', { member: { acme: 'owner' } });
  await accounts.pusher.push('acme/shut', '1', [SECRET]);
  await accounts.stranger.push('other/own', '1');
});

afterAll(async () => {
  await berth.stop();
});

describe('CVE-2024-39897, CVE-2026-28740: knowing a digest opens no blob', () => {
  async function expectShut() {
    const { stranger } = accounts;
    const digest = sha256(SECRET);
    for (const method of ['GET', 'HEAD']) {
      expect((await stranger.v2(`/v2/other/own/blobs/${digest}`, { method })).status).toBe(404);
    }
    for (const from of ['', '&from=acme/shut']) {
      const answer = await stranger.v2(`/v2/other/own/blobs/uploads/?mount=${digest}${from}`, { method: 'POST' });
      expect(answer.status, 'mounted').toBe(202);
    }
    expect((await stranger.v2(`/v2/other/own/blobs/uploads/?digest=${digest}`, { method: 'POST' })).status).not.toBe(
      201,
    );
    await stranger.up('other/own', E);
    const answer = await stranger.put('other/own', 'stolen', MANIFEST);
    expect([answer.status, await errorCode(answer)]).toEqual([400, 'MANIFEST_BLOB_UNKNOWN']);
  }

  it('not before, and not after the package was public for a while', async () => {
    await expectShut();
    const access = '/orgs/acme/packages/container/shut/access';
    expect((await owner.rest('PATCH', access, { visibility: 'public' })).status).toBe(200);
    expect((await owner.rest('PATCH', access, { visibility: 'private' })).status).toBe(200);
    await expectShut();
  });
});

describe('CVE-2026-32589: an upload is its opener’s', () => {
  it('whoever knows its address, under whichever repository', async () => {
    const location = await accounts.pusher.start('acme/shut');
    const session = location.split('/').at(-1) ?? '';
    for (const path of [location, `/v2/other/own/blobs/uploads/${session}`]) {
      for (const method of ['GET', 'PATCH', 'PUT', 'DELETE']) {
        const query = method === 'PUT' ? `?digest=${sha256(E)}` : '';
        const answer = await accounts.stranger.v2(path + query, { method, ...(method === 'PATCH' && { body: E }) });
        expect([403, 404], `${method} ${path}`).toContain(answer.status);
      }
    }
    // a colleague with every right on the repository is not its opener either
    expect((await owner.v2.v2(location)).status).toBe(404);
    expect(
      (await accounts.pusher.v2(`${location}?digest=${sha256(SECRET)}`, { method: 'PUT', body: SECRET })).status,
    ).toBe(201);
  });
});

describe('CVE-2025-23208: who is taken out of a team has its rights no more', () => {
  it('whatever bearer token is out, and whatever a new one asks for', async () => {
    const member = await createPerson(berth, 'teamster', { member: { acme: 'member' } });
    await owner.rest('POST', '/orgs/acme/teams', { name: 'Crew' });
    await owner.rest('PUT', '/orgs/acme/packages/container/shut/access/roles/teams/crew', { role: 'write' });
    await owner.rest('PUT', '/orgs/acme/teams/crew/memberships/teamster');
    const authorization = `Bearer ${await member.v2.bearer('repository:acme/shut:pull,push')}`;
    expect((await member.v2.v2('/v2/acme/shut/tags/list', { headers: { authorization } })).status).toBe(200);
    await owner.rest('DELETE', '/orgs/acme/teams/crew/memberships/teamster');
    expect((await member.v2.v2('/v2/acme/shut/tags/list', { headers: { authorization } })).status).toBe(404);
    const again = await member.v2.bearer('repository:acme/shut:pull,push');
    expect(JSON.parse(Buffer.from(again.split('.')[1] ?? '', 'base64url').toString()).access).toEqual([]);
  });
});

describe('CVE-2019-19030, CVE-2020-13794, CVE-2025-69413: nobody learns who and what there is', () => {
  it('from a login: unknown user, wrong token, revoked token, disabled user are one answer', async () => {
    const disabled = await createPerson(berth, 'switched-off');
    await berth.sql(`UPDATE users SET disabled_at = now() WHERE login = 'switched-off'`);
    const { id, token: revoked } = await createToken(berth, 'stranger', ALL);
    await operator(berth, 'DELETE', `/users/stranger/tokens/${id}`);
    const wrong = `${accounts.pusher.token?.slice(0, -1)}${accounts.pusher.token?.endsWith('0') ? '1' : '0'}`;
    const answers: unknown[] = [];
    for (const [login, token] of [
      ['nobody-of-that-name', wrong],
      ['pusher', wrong],
      ['pusher', 'a password'],
      ['stranger', revoked],
      ['switched-off', disabled.token],
    ] as const) {
      const { status, headers, body } = await ask(berth, {
        path: '/token?service=x&scope=repository:acme/shut:pull',
        headers: { Authorization: basicHeader(login, token) },
      });
      const { date: _, 'x-request-id': __, ...rest } = headers;
      answers.push({ status, headers: rest, body: body.toString() });
    }
    expect(answers[0]).toMatchObject({ status: 401 });
    for (const answer of answers) expect(answer).toEqual(answers[0]);
  });
});

describe('CVE-2019-16097: no field that was not asked for makes anybody more than they are', () => {
  const EXTRAS = { isAdmin: true, role: 'owner', ownerId: 1, scopes: ['admin:registry'], has_admin_role: true };
  it('when users, organisations, tokens, sources, roles and settings are written', async () => {
    const calls: Array<[string, string, object]> = [
      ['POST', '/users', { login: 'sly' }],
      ['POST', '/orgs', { login: 'sly-org' }],
      ['PUT', '/orgs/acme/members/pusher', { role: 'owner' }],
      ['PATCH', '/packages/acme/shut', { visibility: 'private' }],
    ];
    for (const [method, path, body] of calls) {
      for (const extra of Object.entries(EXTRAS).filter(([name]) => !(name in body))) {
        const sent = { ...body, [extra[0]]: extra[1] };
        expect((await operator(berth, method, path, sent)).status, `${path} ${extra[0]}`).toBe(400);
      }
    }
    const access = '/orgs/acme/packages/container/shut/access';
    const polluted = JSON.parse('{"role": "read", "__proto__": {"role": "admin"}}');
    for (const body of [{ role: 'read', userId: 1 }, polluted]) {
      expect((await owner.rest('PUT', `${access}/roles/users/stranger`, body)).status).toBe(400);
    }
    expect((await owner.rest('PATCH', access, { visibility: 'private', publisher_id: 1 })).status).toBe(400);
    expect(
      (await owner.rest('POST', '/orgs/acme/sources', { url: 'https://git.example/a/b', namespace_id: 1 })).status,
    ).toBe(400);
    // GitHub's own fields are ignored where clients send them: none of them gives anything
    const team = await owner.rest('POST', '/orgs/acme/teams', {
      name: 'Sly',
      permission: 'admin',
      maintainers: ['stranger'],
    });
    expect(team.status).toBe(201);
    expect((await owner.rest('GET', '/orgs/acme/teams/sly/members')).body).toEqual([]);
  });
});

describe('CVE-2022-31666 to 31671: a child of another is not found under one’s own', () => {
  it('teams, sources, versions, tokens', async () => {
    const stranger = await createPerson(berth, 'neighbour', { member: { other: 'owner' } });
    const source = (await owner.rest('POST', '/orgs/acme/sources', { url: 'https://git.example/acme/theirs' })).body.id;
    await owner.rest('POST', '/orgs/acme/teams', { name: 'Theirs' });
    const version = (await owner.rest('GET', '/orgs/acme/packages/container/shut/versions')).body[0].id;
    const own = '/orgs/other/packages/container/own';
    const calls: Array<[string, string, object?]> = [
      ['GET', `/orgs/other/sources/${source}`],
      ['DELETE', `/orgs/other/sources/${source}`],
      ['GET', `/orgs/other/sources/${source}/roles`],
      ['PUT', `/orgs/other/sources/${source}/roles/users/neighbour`, { role: 'admin' }],
      ['GET', '/orgs/other/teams/theirs'],
      ['PATCH', '/orgs/other/teams/theirs', { name: 'Mine' }],
      ['DELETE', '/orgs/other/teams/theirs'],
      ['PUT', '/orgs/other/teams/theirs/memberships/neighbour'],
      ['PUT', `${own}/access/roles/teams/theirs`, { role: 'read' }],
      ['PUT', `${own}/access/roles/workflows/${source}`, { role: 'read' }],
      ['GET', `${own}/versions/${version}`],
      ['DELETE', `${own}/versions/${version}`],
      ['POST', `${own}/versions/${version}/restore`],
    ];
    for (const [method, path, body] of calls) {
      expect((await stranger.rest(method, path, body)).status, `${method} ${path}`).toBe(404);
    }
    expect((await stranger.rest('PATCH', `${own}/access`, { source_id: source })).status).toBe(400);
    const { id } = await createToken(berth, 'pusher', ALL);
    expect((await operator(berth, 'DELETE', `/users/stranger/tokens/${id}`)).status).toBe(404);
  });
});

describe('Gitea’s family (CVE-2025-68941, 68944, CVE-2026-25714, 28699, 28744, 20706, 27761, 24791): a scope holds on every surface', () => {
  it('as Basic, Bearer and token header, in the query and in a cookie', async () => {
    const { token } = await createToken(berth, 'pusher', ['read:packages']);
    const reader = new Client(berth, 'pusher', token);
    expect(await rightsOf(reader, 'acme/shut')).toBe('P--');
    const PACKAGE = '/orgs/acme/packages/container/shut';
    for (const authorization of [
      `Bearer ${token}`,
      `token ${token}`,
      basicHeader('pusher', token),
      basicHeader('x', token),
    ]) {
      const call = (method: string, path: string, body?: object) =>
        rest(berth, undefined, path, { method, body, authorization });
      expect((await call('GET', PACKAGE)).status).toBe(200);
      expect((await call('DELETE', PACKAGE)).status).toBe(403);
      expect((await call('PATCH', `${PACKAGE}/access`, { visibility: 'public' })).status).toBe(403);
      expect((await call('POST', '/orgs/acme/teams', { name: 'x' })).status).toBe(403);
      const admin = await fetch(`${berth.url}/admin/v1/users`, {
        method: 'POST',
        headers: { authorization },
        body: '{}',
      });
      expect([401, 403]).toContain(admin.status);
    }
    for (const query of ['access_token', 'token', 'private_token']) {
      expect((await rest(berth, undefined, `${PACKAGE}?${query}=${accounts.pusher.token}`)).status).toBe(401);
      expect((await fetch(`${berth.url}/v2/acme/shut/tags/list?${query}=${accounts.pusher.token}`)).status).toBe(401);
    }
    const cookie = `token=${accounts.pusher.token}; session=${accounts.pusher.token}`;
    for (const path of ['/v2/acme/shut/tags/list', `/api/v3${PACKAGE}`]) {
      expect((await fetch(berth.url + path, { headers: { cookie } })).status).toBe(401);
    }
  });

  it('and a bearer token of /v2 is none for REST and the operator API, nor a personal one for /v2', async () => {
    const bearer = await accounts.admin.bearer('repository:acme/shut:pull,push,delete');
    expect((await rest(berth, bearer, '/orgs/acme/packages/container/shut')).status).toBe(401);
    const headers = { authorization: `Bearer ${bearer}` };
    expect((await fetch(`${berth.url}/admin/v1/users`, { method: 'POST', headers, body: '{}' })).status).toBe(401);
    for (const authorization of [
      `Bearer ${accounts.pusher.token}`,
      basicHeader('pusher', accounts.pusher.token ?? ''),
    ]) {
      expect((await fetch(`${berth.url}/v2/acme/shut/tags/list`, { headers: { authorization } })).status).toBe(401);
    }
  });
});

describe('CVE-2026-20896: nobody is somebody by a header', () => {
  it.each(['X-WEBAUTH-USER', 'X-Forwarded-User', 'X-Remote-User', 'Remote-User', 'X-Forwarded-Email'])(
    '%s',
    async (name) => {
      for (const path of [
        '/v2/acme/shut/tags/list',
        '/api/v3/orgs/acme/packages/container/shut',
        '/admin/v1/orgs/acme/trust-policies',
      ]) {
        expect((await ask(berth, { path, headers: { [name]: 'admin' } })).status).toBe(401);
      }
    },
  );
});

describe('CVE-2020-29662: no other spelling of a path is open', () => {
  it.each([
    '//v2/_catalog',
    '/v2//_catalog',
    '/v2/./_catalog',
    '/v2/_catalog/',
    '/v2/_catalog;x',
    '/v2/%5fcatalog',
    '/V2/_catalog',
    '/v2/_CATALOG',
    '/api/v3//orgs/acme/packages/container/shut',
    '/api/v3/orgs/acme/packages/container/./shut',
    '/api/v3/orgs/acme/packages/container/shut;x',
    '/API/v3/orgs/acme/packages/container/shut',
    '/admin/v1//orgs/acme/trust-policies',
    '/v2/other/own/../../acme/shut/tags/list',
    '/v2/acme%2Fshut/tags/list',
  ])('%s', async (path) => {
    const { status, body } = await ask(berth, { path });
    expect([400, 401, 404]).toContain(status);
    expect(body.toString()).not.toMatch(/repositories|"tags"|package_type/);
  });
});

describe('CVE-2026-35172: what was deleted here is not read again through its copy there', () => {
  it('a blob in two repositories, and a manifest', async () => {
    const { pusher } = accounts;
    const blob = Buffer.from('in both');
    for (const name of ['acme/first', 'acme/second']) await pusher.up(name, blob);
    const digest = sha256(blob);
    const get = async (name: string) => (await pusher.v2(`/v2/${name}/blobs/${digest}`)).status;
    expect((await pusher.v2(`/v2/acme/first/blobs/${digest}`, { method: 'DELETE' })).status).toBe(202);
    expect([await get('acme/first'), await get('acme/second'), await get('acme/first')]).toEqual([404, 200, 404]);
    for (const name of ['acme/first', 'acme/second']) {
      await pusher.up(name, E);
      await pusher.v2(`/v2/${name}/manifests/1`, {
        method: 'PUT',
        headers: { 'content-type': OCI_MANIFEST },
        body: encode(image([])),
      });
    }
    const manifest = `manifests/${sha256(encode(image([])))}`;
    expect((await pusher.v2(`/v2/acme/first/${manifest}`, { method: 'DELETE' })).status).toBe(202);
    const read = async (name: string) => (await pusher.v2(`/v2/${name}/${manifest}`)).status;
    expect([await read('acme/first'), await read('acme/second'), await read('acme/first')]).toEqual([404, 200, 404]);
  });
});

describe('CVE-2026-4404: there is no password to know beforehand', () => {
  it.each(['admin', 'password', 'berth', 'Harbor12345', '', 'changeme'])(
    '%j is not the administrator’s',
    async (password) => {
      const headers = { authorization: basicHeader('admin', password) };
      expect((await fetch(`${berth.url}/admin/v1/users`, { method: 'POST', headers, body: '{}' })).status).toBe(401);
      expect((await fetch(`${berth.url}/token?service=x`, { headers })).status).toBe(401);
    },
  );
});
