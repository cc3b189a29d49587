// Rules for tags hold on every surface that moves or deletes one; history tells where a tag was, and puts it back.
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { startBerth, type TestBerth } from '../support/berth.js';
import {
  type Accounts,
  Client,
  collectGarbage,
  createAccounts,
  createToken,
  encode,
  image,
  operator,
  sha256,
} from '../support/client.js';
import { rest } from '../support/rest.js';

let berth: TestBerth;
let accounts: Accounts;
let app: string;
let name: string;
let packages = 0;

beforeAll(async () => {
  berth = await startBerth();
  accounts = await createAccounts(berth);
});

beforeEach(async () => {
  name = `acme/app${packages++}`;
  app = `/orgs/acme/packages/container/${name.slice('acme/'.length)}`;
  await accounts.pusher.push(name, 'first');
});

afterAll(async () => {
  await berth.stop();
});

const call = (method: string, path: string, body?: unknown, token = accounts.pusher.token) =>
  rest(berth, token, app + path, { method, body });

async function setRules(...rules: object[]): Promise<void> {
  const { status, body } = await call('PUT', '/tag-rules', rules);
  expect({ status, body }).toMatchObject({ status: 200 });
}

const del = async (reference: string) =>
  (await accounts.pusher.v2(`/v2/${name}/manifests/${reference}`, { method: 'DELETE' })).status;

const digestOf = async (tag: string) =>
  (await accounts.pusher.v2(`/v2/${name}/manifests/${tag}`, { method: 'HEAD' })).headers.get('docker-content-digest');

async function versionIdOf(tag: string): Promise<number> {
  const { body } = await call('GET', '/versions');
  const version = body.find((candidate: { metadata: { container: { tags: string[] } } }) =>
    candidate.metadata.container.tags.includes(tag),
  );
  return version.id;
}

describe('an immutable tag', () => {
  it('stays where it is: pushed, by query, deleted, put back, and with its version', async () => {
    const { pusher } = accounts;
    await setRules({ pattern: 'v[0-9.]+', immutable: true });
    const released = await pusher.push(name, 'v1.0');
    const digest = sha256(encode(released));
    const other = await pusher.push(name, 'v1.0-rc'); // does not wholly match
    const otherDigest = sha256(encode(other));
    const refused = await pusher.put(name, 'v1.0', other);
    expect(refused.status).toBe(403);
    expect(await refused.json()).toMatchObject({
      errors: [{ code: 'DENIED', detail: { tag: 'v1.0', rule: 'v[0-9.]+', reason: expect.any(String) } }],
    });
    expect((await pusher.put(name, `${otherDigest}?tag=latest&tag=v1.0`, other)).status).toBe(403);
    expect(await digestOf('latest')).toBeNull(); // all or nothing
    expect([await del('v1.0'), await del(digest)]).toEqual([403, 403]);
    expect((await call('PUT', '/tags/v1.0', { digest: otherDigest })).status).toBe(403);
    const id = await versionIdOf('v1.0');
    const kept = await call('DELETE', `/versions/${id}`);
    expect([kept.status, kept.body.message]).toEqual([403, expect.stringContaining('v1.0')]);
    const many = await call('POST', '/versions/deletions', { ids: [id, await versionIdOf('v1.0-rc')] });
    expect(many.body.map(({ status }: { status: number }) => status)).toEqual([403, 204]);
    expect(await digestOf('v1.0')).toBe(digest);
    expect((await pusher.put(name, 'v1.0', released)).status).toBe(201); // what it is already

    await setRules();
    expect((await call('DELETE', `/versions/${id}`)).status).toBe(204);
  });

  it('binds administrators as well', async () => {
    await setRules({ pattern: 'first', immutable: true });
    const other = image([], { annotations: { other: 'yes' } });
    expect((await accounts.admin.put(name, 'first', other)).status).toBe(403);
  });
});

describe('a rule by publisher', () => {
  let writer: Client;

  beforeEach(async () => {
    const login = `writer${packages}`;
    await operator(berth, 'POST', '/users', { login });
    await operator(berth, 'PUT', `/orgs/acme/members/${login}`, { role: 'member' });
    const { token } = await createToken(berth, login, ['read:packages', 'write:packages']);
    writer = new Client(berth, login, token);
    expect((await call('PUT', `/access/roles/users/${login}`, { role: 'write' })).status).toBe(200);
  });

  const pushBy = async (client: Client, tag: string) =>
    (await client.put(name, tag, image([], { annotations: { by: client.login, tag } }))).status;

  it('lets only those move tags of the pattern, members of teams among them', async () => {
    const created = await rest(berth, accounts.admin.token, '/orgs/acme/teams', {
      method: 'POST',
      body: { name: `Release ${packages}` },
    });
    expect(created.status).toBe(201);
    const { slug } = created.body;
    await setRules({ pattern: 'release-.*', publishers: [`team:acme/${slug}`] });
    expect([await pushBy(writer, 'release-1'), await pushBy(writer, 'dev')]).toEqual([403, 201]);
    expect(await pushBy(accounts.pusher, 'release-1')).toBe(403); // an owner may change the rule, not break it
    const path = `/orgs/acme/teams/${slug}/memberships/${writer.login}`;
    expect((await rest(berth, accounts.admin.token, path, { method: 'PUT', body: {} })).status).toBe(200);
    expect(await pushBy(writer, 'release-1')).toBe(201);
    expect(await del('release-1')).toBe(403);
    await setRules({ pattern: 'release-.*', publishers: [`team:acme/${slug}`, 'user:pusher'] });
    expect(await del('release-1')).toBe(202);
  });

  it('is refused when it names nobody, is no expression or says nothing', async () => {
    for (const rule of [
      { pattern: 'a', publishers: ['user:nobody'] },
      { pattern: 'a', publishers: ['team:other/x'] },
      { pattern: 'a', publishers: ['workflow:https://git.example/none'] },
      { pattern: 'a', publishers: ['everybody'] },
      { pattern: 'a', publishers: [] },
      { pattern: '(', immutable: true },
      { pattern: '(?=a)', immutable: true },
      { pattern: '', immutable: true },
      { pattern: 'a' },
      { pattern: 'a', immutable: true, more: 1 },
    ]) {
      const { status, body } = await call('PUT', '/tag-rules', [rule]);
      expect([rule, status, body.status]).toEqual([rule, 400, '400']);
    }
    expect((await call('GET', '/tag-rules')).body).toEqual([]);
  });

  it('is changed by admins only', async () => {
    expect((await call('PUT', '/tag-rules', [], writer.token)).status).toBe(403);
    expect((await call('GET', '/tag-rules', undefined, accounts.stranger.token)).status).toBe(404);
  });
});

describe('the history of a tag', () => {
  it('tells every change, and puts the tag back', async () => {
    const { pusher } = accounts;
    const first = await digestOf('first');
    const second = sha256(encode(await pusher.push(name, 'first')));
    expect(await del('first')).toBe(202);
    expect((await call('PUT', '/tags/first', { digest: first })).body).toEqual({ name: 'first', digest: first });
    expect(await digestOf('first')).toBe(first);
    const { body } = await call('GET', '/tags/first/history');
    expect(body.map(({ from, to, actor }: { from: string; to: string; actor: string }) => [from, to, actor])).toEqual([
      [null, first, 'pusher'],
      [second, null, 'pusher'],
      [first, second, 'pusher'],
      [null, first, 'pusher'],
    ]);
    const page = await call('GET', '/tags/first/history?per_page=3');
    expect([page.body.length, page.headers.get('link')]).toEqual([3, expect.stringContaining('rel="next"')]);
    const absent = `sha256:${'0'.repeat(64)}`;
    expect((await call('PUT', '/tags/first', { digest: absent })).status).toBe(422);
    expect((await call('PUT', '/tags/-x', { digest: first })).status).toBe(400);
    expect((await call('PUT', '/tags/first', { digest: 'x' })).status).toBe(400);
    expect((await call('GET', '/tags/never/history')).body).toEqual([]);
  });
});

describe('settings', () => {
  it('change one by one: sparse indexes and when untagged manifests are collected', async () => {
    expect((await call('GET', '/settings')).body).toEqual({
      allow_sparse_indexes: false,
      untagged_after_days: null,
      build_cache_budget: null,
    });
    const absent = {
      mediaType: 'application/vnd.oci.image.manifest.v1+json',
      digest: `sha256:${'1'.repeat(64)}`,
      size: 1,
    };
    const sparse = { schemaVersion: 2, mediaType: 'application/vnd.oci.image.index.v1+json', manifests: [absent] };
    expect((await accounts.pusher.put(name, 'sparse', sparse)).status).toBe(400);
    expect((await call('PATCH', '/settings', { allow_sparse_indexes: true })).body).toEqual({
      allow_sparse_indexes: true,
      untagged_after_days: null,
      build_cache_budget: null,
    });
    expect((await accounts.pusher.put(name, 'sparse', sparse)).status).toBe(201);

    await del('sparse');
    const dueIn = async () => {
      const [row] = await berth.sql<{ days: number | null }>(
        `SELECT round(extract(epoch FROM review_at - now()) / 86400)::int AS days FROM manifests
         WHERE digest = $1`,
        [sha256(encode(sparse))],
      );
      return row?.days;
    };
    expect(await dueIn()).toBe(30);
    for (const [days, due] of [
      [7, 7],
      ['never', null],
      [null, 30],
    ] as const) {
      expect((await call('PATCH', '/settings', { untagged_after_days: days })).body).toEqual({
        allow_sparse_indexes: true,
        untagged_after_days: days,
        build_cache_budget: null,
      });
      await collectGarbage(berth, {}); // the worker rewrites what was marked before
      expect(await dueIn()).toBe(due);
    }
    for (const body of [
      { untagged_after_days: -1 },
      { untagged_after_days: '7d' },
      { allow_sparse_indexes: 1 },
      { other: 1 },
    ]) {
      expect((await call('PATCH', '/settings', body)).status).toBe(400);
    }
  });
});

it('says nothing failed in its log', () => {
  expect(berth.log()).not.toContain('request failed');
});
