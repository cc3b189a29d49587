// Personal access tokens, kept by their owners: scopes, confinement, rotation, last use, and that no token gets beyond itself.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startBerth, type TestBerth } from '../support/berth.js';
import { type Accounts, Client, createAccounts, errorCode } from '../support/client.js';

const ALL = ['read:packages', 'write:packages', 'delete:packages'];

let berth: TestBerth;
let accounts: Accounts;

beforeAll(async () => {
  berth = await startBerth();
  accounts = await createAccounts(berth);
  await accounts.pusher.push('acme/app', '1');
  await accounts.pusher.push('acme/other', '1');
  await accounts.pusher.push('pusher/own', '1');
  await accounts.stranger.push('other/private', '1');
});

afterAll(() => berth?.stop());

interface Answer {
  status: number;
  headers: Headers;
  body: Record<string, unknown> & { id: number; token: string };
}

async function call(token: string | undefined, method: string, path: string, body?: unknown): Promise<Answer> {
  const answer = await fetch(`${berth.url}/api/v3/user/tokens${path}`, {
    method,
    headers: { authorization: `Bearer ${token}` },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  const text = await answer.text();
  return { status: answer.status, headers: answer.headers, body: text ? JSON.parse(text) : {} };
}

const make = async (more: object, by = accounts.pusher.token): Promise<Answer> =>
  call(by, 'POST', '', { name: 'made', scopes: ALL, ...more });
const clientOf = async (more: object): Promise<Client> => new Client(berth, 'pusher', (await make(more)).body.token);

describe('self-service', () => {
  it('makes a token that is shown once, lists it without, and revokes it at once', async () => {
    const made = await make({ name: 'ci', scopes: ['read:packages'], expires_in_days: 30 });
    expect(made).toMatchObject({ status: 201, body: { name: 'ci', scopes: ['read:packages'], organization: null } });
    expect(made.body.token).toMatch(/^berth_pat_[0-9A-Za-z]{38}$/);
    const days = (Date.parse(String(made.body.expires_at)) - Date.now()) / 86_400_000;
    expect(days).toBeGreaterThan(29.9);
    const { body: listed } = await call(accounts.pusher.token, 'GET', '?per_page=100');
    const { token: _, ...rest } = made.body;
    expect(listed).toContainEqual(rest);
    expect(JSON.stringify(listed)).not.toContain(made.body.token);

    const client = new Client(berth, 'pusher', made.body.token);
    const authorization = `Bearer ${await client.bearerFor('/v2/acme/app/manifests/1')}`;
    expect((await client.v2('/v2/acme/app/manifests/1', { headers: { authorization } })).status).toBe(200);
    expect((await call(accounts.pusher.token, 'DELETE', `/${made.body.id}`)).status).toBe(204);
    expect((await client.v2('/v2/acme/app/manifests/1', { headers: { authorization } })).status).toBe(401);
    expect((await call(made.body.token, 'GET', '')).status).toBe(401);
    expect((await call(accounts.pusher.token, 'DELETE', `/${made.body.id}`)).status).toBe(404);
  });

  it('pages by id', async () => {
    const seen: number[] = [];
    for (let path: string | undefined = '?per_page=2'; path; ) {
      const { body, headers } = await call(accounts.pusher.token, 'GET', path);
      const page = body as unknown as Array<{ id: number }>;
      expect(page.length).toBeLessThanOrEqual(2);
      seen.push(...page.map(({ id }) => id));
      path = /user\/tokens(\?[^>]+)>; rel="next"/.exec(headers.get('link') ?? '')?.[1];
    }
    const { body: all } = await call(accounts.pusher.token, 'GET', '?per_page=100');
    expect(seen).toEqual((all as unknown as Array<{ id: number }>).map(({ id }) => id));
    expect(seen.length).toBeGreaterThan(0);
  });

  it('rotates: the old token and its bearer tokens end, the new one has the same name, bounds and end', async () => {
    const { body: old } = await make({
      name: 'rotated',
      scopes: ['read:packages'],
      organization: 'acme',
      expires_in_days: 9,
    });
    const client = new Client(berth, 'pusher', old.token);
    const authorization = `Bearer ${await client.bearerFor('/v2/acme/app/manifests/1')}`;
    const { status, body: fresh } = await call(accounts.pusher.token, 'POST', `/${old.id}/rotation`);
    expect(status).toBe(201);
    expect(fresh).toMatchObject({
      name: 'rotated',
      scopes: ['read:packages'],
      organization: 'acme',
      expires_at: old.expires_at,
    });
    expect(fresh.token).not.toBe(old.token);
    expect((await client.v2('/v2/acme/app/manifests/1', { headers: { authorization } })).status).toBe(401);
    expect((await new Client(berth, 'x', fresh.token).v2('/v2/acme/app/manifests/1')).status).toBe(200);
    expect((await call(accounts.pusher.token, 'POST', `/${old.id}/rotation`)).status).toBe(404);
  });

  it('rotates one token once, whoever asks at the same time', async () => {
    const { body } = await make({});
    const answers = await Promise.all(
      Array.from({ length: 5 }, () => call(accounts.pusher.token, 'POST', `/${body.id}/rotation`)),
    );
    expect(answers.map(({ status }) => status).sort()).toEqual([201, 404, 404, 404, 404]);
  });

  it('keeps to the caller’s own tokens', async () => {
    const { body } = await make({});
    for (const [method, path] of [
      ['DELETE', `/${body.id}`],
      ['POST', `/${body.id}/rotation`],
      ['DELETE', '/999999'],
      ['DELETE', '/none'],
    ] as const) {
      expect((await call(accounts.stranger.token, method, path)).status, path).toBe(404);
    }
    expect((await call(undefined, 'GET', '')).status).toBe(401);
  });

  it('notes when a token was last used', async () => {
    const { body } = await make({ name: 'used' });
    expect(body.last_used_at).toBeNull();
    await new Client(berth, 'pusher', body.token).bearer();
    const lastUse = async () => {
      const { body: listed } = await call(accounts.pusher.token, 'GET', '?per_page=100');
      return (listed as unknown as Array<{ id: number; last_used_at: string | null }>).find(({ id }) => id === body.id)
        ?.last_used_at;
    };
    await expect.poll(lastUse, { timeout: 60_000, interval: 1000 }).toMatch(/^20..-..-..T..:..:..Z$/);
  });

  it.each([
    ['no scope', { scopes: [] }, 400],
    ['an unknown scope', { scopes: ['repo'] }, 400],
    ['an unknown field', { user_id: 1 }, 400],
    ['no name', { name: '' }, 400],
    ['a NUL', { name: 'a\0' }, 400],
    ['an organisation that is none', { organization: 'no/name' }, 400],
    ['an unknown organisation', { organization: 'nobody' }, 422],
    ['an unknown package', { packages: ['acme/none'] }, 422],
    ['somebody else’s private package', { packages: ['other/private'] }, 422],
    ['no package', { packages: [] }, 400],
  ])('refuses a token with %s', async (_, more, status) => {
    expect((await make(more)).status).toBe(status);
  });
});

describe('a token gets nobody beyond itself', () => {
  it.each<[string, object, object]>([
    ['more scopes', { scopes: ['read:packages'] }, { scopes: ALL }],
    ['the administrator’s scope', {}, { scopes: ['admin:registry'] }],
    ['no confinement', { organization: 'acme' }, {}],
    ['another confinement', { organization: 'acme' }, { organization: 'pusher' }],
    ['more packages', { packages: ['acme/app'] }, { packages: ['acme/app', 'acme/other'] }],
    ['no end', { expires_in_days: 3 }, {}],
    ['a later end', { expires_in_days: 3 }, { expires_in_days: 4 }],
  ])('cannot make one with %s', async (_, own, other) => {
    const by = (await make(own)).body.token;
    // A package outside its confinement is one that it may not see.
    expect([403, 422]).toContain((await make({ scopes: ['read:packages'], ...other }, by)).status);
  });

  it('cannot end or rotate a stronger one, and can do both to itself', async () => {
    const weak = (await make({ scopes: ['read:packages'], expires_in_days: 1 })).body;
    const strong = (await make({})).body;
    expect((await call(weak.token, 'DELETE', `/${strong.id}`)).status).toBe(403);
    expect((await call(weak.token, 'POST', `/${strong.id}/rotation`)).status).toBe(403);
    const fresh = (await call(weak.token, 'POST', `/${weak.id}/rotation`)).body;
    expect(fresh.token).toMatch(/^berth_pat_/);
    expect((await call(fresh.token, 'DELETE', `/${fresh.id}`)).status).toBe(204);
  });
});

describe('a confined token', () => {
  it('acts in its organisation only, whatever its owner may do', async () => {
    const client = await clientOf({ organization: 'Acme' });
    expect((await client.v2('/v2/acme/app/manifests/1')).status).toBe(200);
    expect((await client.v2('/v2/pusher/own/manifests/1')).status).toBe(404);
    const push = await client.v2('/v2/pusher/own/blobs/uploads/', { method: 'POST' });
    expect([push.status, await errorCode(push)]).toEqual([403, 'DENIED']);
    const remove = await client.v2('/v2/pusher/own/manifests/1', { method: 'DELETE' });
    expect(remove.status).toBe(403);
  });

  it('sees no other tokens of its owner but those within it', async () => {
    const { body: own } = await make({ name: 'confined', packages: ['acme/app'] });
    const { body: listed } = await call(own.token, 'GET', '?per_page=100');
    const names = (listed as unknown as Array<{ packages: string[] | null }>).map(({ packages }) => packages);
    expect(names.length).toBeGreaterThan(0);
    for (const packages of names) expect(packages).toEqual(['acme/app']);
    const all = await fetch(`${berth.url}/admin/v1/users/Pusher/tokens`, {
      headers: { authorization: `Bearer ${berth.adminToken}` },
    });
    const { tokens } = (await all.json()) as { tokens: Array<{ id: number; token?: string }> };
    expect(tokens.map(({ id }) => id)).toContain(own.id);
    expect(JSON.stringify(tokens)).not.toContain(own.token);
  });

  it('acts on its packages only, and makes none', async () => {
    const client = await clientOf({ packages: ['acme/app'] });
    expect((await client.v2('/v2/acme/app/manifests/1')).status).toBe(200);
    expect((await client.v2('/v2/acme/other/manifests/1')).status).toBe(404);
    expect((await client.v2('/v2/acme/fresh/blobs/uploads/', { method: 'POST' })).status).toBe(403);
    const mount = await client.v2(`/v2/acme/app/blobs/uploads/?mount=sha256:${'0'.repeat(64)}&from=acme/other`, {
      method: 'POST',
    });
    expect(mount.status).toBe(202);
  });

  it('gets bearer tokens that list no more', async () => {
    const client = await clientOf({ packages: ['acme/app'] });
    const bearer = await client.bearer('repository:acme/app:pull,push', 'repository:acme/other:pull,push');
    const payload = JSON.parse(Buffer.from(bearer.split('.')[1] ?? '', 'base64url').toString());
    expect(payload.access).toEqual([{ type: 'repository', name: 'acme/app', actions: ['pull', 'push'] }]);
  });

  it('lists no more: in the catalog, in REST', async () => {
    const names = async (client: Client) => {
      const { repositories } = (await (await client.v2('/v2/_catalog')).json()) as { repositories: string[] };
      const answer = await fetch(`${berth.url}/api/v3/orgs/acme/packages?package_type=container`, {
        headers: { authorization: `Bearer ${client.token}` },
      });
      const packages = (await answer.json()) as Array<{ name: string }>;
      return [repositories, packages.map(({ name }) => name)];
    };
    expect(await names(accounts.pusher)).toEqual([
      ['acme/app', 'acme/other', 'pusher/own'],
      ['app', 'other'],
    ]);
    expect(await names(await clientOf({ organization: 'acme' }))).toEqual([
      ['acme/app', 'acme/other'],
      ['app', 'other'],
    ]);
    expect(await names(await clientOf({ packages: ['acme/app'] }))).toEqual([['acme/app'], ['app']]);
    expect(await names(await clientOf({ organization: 'pusher' }))).toEqual([['pusher/own'], []]);
  });

  it('is held to it under /api/v3 as well', async () => {
    const client = await clientOf({ organization: 'acme' });
    const rest = (path: string) =>
      fetch(`${berth.url}/api/v3${path}`, { headers: { authorization: `Bearer ${client.token}` } });
    expect((await rest('/orgs/acme/packages/container/app')).status).toBe(200);
    expect((await rest('/user/packages/container/own')).status).toBe(404);
  });

  it('pulls what is public: so could anybody', async () => {
    const client = await clientOf({ organization: 'pusher' });
    expect((await client.v2('/v2/acme/app/manifests/1')).status).toBe(404);
  });
});
