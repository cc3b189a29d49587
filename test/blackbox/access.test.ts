// Who may do what: roles, token scopes, bearer tokens that list too little, and what acts at once.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startBerth, type TestBerth } from '../support/berth.js';
import {
  type Accounts,
  Client,
  createAccounts,
  createToken,
  E,
  encode,
  errorCode,
  image,
  operator,
  sha256,
} from '../support/client.js';

const ALL = ['read:packages', 'write:packages', 'delete:packages'];

let berth: TestBerth;
let accounts: Accounts;

beforeAll(async () => {
  berth = await startBerth();
  accounts = await createAccounts(berth);
});

afterAll(async () => {
  await berth.stop();
});

async function newUser(login: string, role?: 'owner' | 'member', scopes = ALL): Promise<Client> {
  expect((await operator(berth, 'POST', '/users', { login })).status).toBe(201);
  if (role) expect((await operator(berth, 'PUT', `/orgs/acme/members/${login}`, { role })).status).toBe(200);
  return new Client(berth, login, (await createToken(berth, login, scopes)).token);
}

/** What a client gets for each verb: pull, push, delete. */
async function verbs(client: Client, name: string, headers: Record<string, string> = {}): Promise<number[]> {
  const statuses: number[] = [];
  for (const [method, path] of [
    ['GET', `/v2/${name}/manifests/1`],
    ['POST', `/v2/${name}/blobs/uploads/`],
    ['DELETE', `/v2/${name}/manifests/none`],
  ] as const) {
    statuses.push((await client.v2(path, { method, headers })).status);
  }
  return statuses;
}

/** A DELETE that is allowed finds no such manifest. */
const EVERYTHING = [200, 202, 404];
const NOTHING = [404, 403, 403];

describe('roles', () => {
  it('an owner of the organisation may do everything in it, and nothing elsewhere', async () => {
    await accounts.pusher.push('acme/owned', '1');
    await accounts.stranger.push('other/owned', '1');
    expect(await verbs(accounts.pusher, 'acme/owned')).toEqual(EVERYTHING);
    expect(await verbs(accounts.pusher, 'other/owned')).toEqual(NOTHING);
    expect(await verbs(accounts.stranger, 'acme/owned')).toEqual(NOTHING);
  });

  it('a member publishes new packages and is admin of those only', async () => {
    const [first, second] = [await newUser('member1', 'member'), await newUser('member2', 'member')];
    await first.push('acme/of-member1', '1');
    await second.push('acme/of-member2', '1');
    expect(await verbs(first, 'acme/of-member1')).toEqual(EVERYTHING);
    expect(await verbs(second, 'acme/of-member1')).toEqual(NOTHING);
    expect(await verbs(first, 'acme/owned')).toEqual(NOTHING);
    expect(await verbs(accounts.pusher, 'acme/of-member1'), 'the owner').toEqual(EVERYTHING);
    const document = image([]);
    await first.put('acme/of-member1', 'gone', document);
    const answer = await first.v2(`/v2/acme/of-member1/manifests/${sha256(encode(document))}`, { method: 'DELETE' });
    expect(answer.status).toBe(202);
  });

  it('a role on a package gives just its verbs', async () => {
    await accounts.pusher.push('acme/shared', '1');
    const guest = await newUser('guest');
    const give = (role: string) =>
      berth.sql(
        `INSERT INTO package_roles (package_id, user_id, role)
         SELECT n.package_id, u.id, $1 FROM package_names n, users u WHERE n.full_name = 'acme/shared' AND u.login = 'guest'
         ON CONFLICT (package_id, user_id) DO UPDATE SET role = excluded.role`,
        [role],
      );
    expect(await verbs(guest, 'acme/shared')).toEqual(NOTHING);
    await give('read');
    expect(await verbs(guest, 'acme/shared')).toEqual([200, 403, 403]);
    await give('write');
    expect(await verbs(guest, 'acme/shared')).toEqual([200, 202, 403]);
    await give('admin');
    expect(await verbs(guest, 'acme/shared')).toEqual(EVERYTHING);
    await berth.sql('DELETE FROM package_roles');
    expect(await verbs(guest, 'acme/shared')).toEqual(NOTHING);
  });

  it('a user has a namespace of their own', async () => {
    const user = await newUser('lonely');
    await user.push('lonely/app', '1');
    expect(await verbs(user, 'lonely/app')).toEqual(EVERYTHING);
    expect(await verbs(accounts.stranger, 'lonely/app')).toEqual(NOTHING);
    expect((await user.v2('/v2/nobody/app/blobs/uploads/', { method: 'POST' })).status).toBe(403);
  });

  it('an administrator may act in every namespace, and it is written down', async () => {
    const { admin } = accounts;
    expect(await verbs(admin, 'acme/owned')).toEqual(EVERYTHING);
    await admin.push('acme/by-admin', '1');
    const document = await admin.push('other/by-admin', '1');
    const digest = sha256(encode(document));
    expect((await admin.v2(`/v2/other/by-admin/manifests/${digest}`, { method: 'DELETE' })).status).toBe(202);
    const audited = await berth.sql<{ action: string }>(
      `SELECT action FROM audit_log
       WHERE actor = 'admin' AND target = 'other/by-admin' AND data ->> 'as' = 'administrator' ORDER BY id`,
    );
    expect(audited.map(({ action }) => action)).toEqual(expect.arrayContaining(['manifest.push', 'manifest.delete']));
    expect(await verbs(accounts.stranger, 'other/by-admin'), 'the owner').toEqual([404, 202, 404]);
  });
});

describe('scopes of personal access tokens', () => {
  it.each([
    [['read:packages'], [200, 403, 403]],
    [['write:packages'], [200, 202, 403]],
    [
      ['read:packages', 'write:packages'],
      [200, 202, 403],
    ],
    [['delete:packages'], [404, 403, 404]],
    [
      ['read:packages', 'delete:packages'],
      [200, 403, 404],
    ],
    [ALL, EVERYTHING],
  ])('%j', async (scopes, expected) => {
    const client = new Client(berth, 'pusher', (await createToken(berth, 'pusher', scopes)).token);
    expect(await verbs(client, 'acme/owned')).toEqual(expected);
  });
});

describe('a bearer token that lists too little', () => {
  const use = async (scopes: string[], method: string, path: string) => {
    const authorization = `Bearer ${await accounts.pusher.bearer(...scopes)}`;
    return accounts.pusher.v2(path, { method, headers: { authorization } });
  };
  const UPLOADS = '/v2/acme/owned/blobs/uploads/';
  const MANIFEST = '/v2/acme/owned/manifests/none';

  it.each([
    [[], 'GET', '/v2/acme/owned/manifests/1', 'pull'],
    [['repository:acme/other:pull'], 'GET', '/v2/acme/owned/manifests/1', 'pull'],
    [['repository:acme/owned:push'], 'GET', '/v2/acme/owned/manifests/1', 'pull'],
    [['repository:acme/owned:pull'], 'POST', UPLOADS, 'pull,push'],
    [['repository:acme/owned:pull,push'], 'DELETE', MANIFEST, 'pull,delete'],
    [[], 'PUT', MANIFEST, 'pull,push'],
  ])('%j for %s %s is told which to ask for', async (scopes, method, path, actions) => {
    const answer = await use(scopes, method, path);
    expect([answer.status, await errorCode(answer)]).toEqual([401, 'UNAUTHORIZED']);
    const challenge = answer.headers.get('www-authenticate') ?? '';
    expect(challenge).toContain(`scope="repository:acme/owned:${actions}"`);
    expect(challenge).toContain('error="insufficient_scope"');
    const [, scope = ''] = /scope="([^"]+)"/.exec(challenge) ?? [];
    expect((await use([scope], method, path)).status).not.toBe(401);
  });

  it('is told no more than others where its owner has no right either', async () => {
    const authorization = `Bearer ${await accounts.stranger.bearer()}`;
    expect(await verbs(accounts.stranger, 'acme/owned', { authorization })).toEqual(NOTHING);
  });
});

describe('a change', () => {
  it('of role acts on tokens that are out', async () => {
    const user = await newUser('moving', 'owner');
    const authorization = `Bearer ${await user.bearer('repository:acme/owned:pull,push,delete')}`;
    expect(await verbs(user, 'acme/owned', { authorization })).toEqual(EVERYTHING);
    await operator(berth, 'PUT', '/orgs/acme/members/moving', { role: 'member' });
    expect(await verbs(user, 'acme/owned', { authorization })).toEqual(NOTHING);
    await operator(berth, 'PUT', '/orgs/acme/members/moving', { role: 'owner' });
    expect(await verbs(user, 'acme/owned', { authorization })).toEqual(EVERYTHING);
  });

  it('of right acts in the middle of an upload (revoked token: next request 401)', async () => {
    const { id, token } = await createToken(berth, 'pusher', ALL);
    const client = new Client(berth, 'pusher', token);
    const location = await client.start('acme/owned');
    const authorization = `Bearer ${await client.bearerFor(location)}`;
    const patch = () => client.v2(location, { method: 'PATCH', body: E, headers: { authorization } });
    expect((await patch()).status).toBe(202);
    await operator(berth, 'DELETE', `/users/pusher/tokens/${id}`);
    expect((await patch()).status).toBe(401);
    expect(
      (await client.v2(`${location}?digest=${sha256(E)}`, { method: 'PUT', headers: { authorization } })).status,
    ).toBe(401);
    // the upload is its user's, not the token's
    expect((await accounts.pusher.v2(`${location}?digest=${sha256(E)}`, { method: 'PUT' })).status).toBe(201);
  });

  it('is seen by a hundred requests that come right behind it', async () => {
    const { id, token } = await createToken(berth, 'pusher', ALL);
    const client = new Client(berth, 'pusher', token);
    const headers = { authorization: `Bearer ${await client.bearerFor('/v2/acme/owned/manifests/1')}` };
    const pull = async () => (await client.v2('/v2/acme/owned/manifests/1', { headers })).status;
    expect(new Set(await Promise.all(Array.from({ length: 50 }, pull)))).toEqual(new Set([200]));
    // requests go on while the token is revoked: none that starts after the answer may succeed
    let isRevoked = false;
    const late: number[] = [];
    const reading = Promise.all(
      Array.from({ length: 8 }, async () => {
        for (let i = 0; i < 40; i++) {
          const startedLate = isRevoked;
          const status = await pull();
          if (startedLate) late.push(status);
        }
      }),
    );
    await operator(berth, 'DELETE', `/users/pusher/tokens/${id}`);
    isRevoked = true;
    await reading;
    expect(late.length).toBeGreaterThan(0);
    expect(new Set(late)).toEqual(new Set([401]));
  });
});
