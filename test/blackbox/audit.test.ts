// The audit log: who did what, on what, from where; whose owners read it; that nothing changes it and nothing secret is in it.
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startBerth, type TestBerth } from '../support/berth.js';
import { operator } from '../support/client.js';
import { createPerson, type Person } from '../support/people.js';

let berth: TestBerth;
let owner: Person;
let member: Person;

interface Entry {
  id: string;
  actor: string;
  actor_id: number | null;
  token_id: number | null;
  action: string;
  target: string;
  address: string | null;
  result: string;
  data: Record<string, string>;
}

beforeAll(async () => {
  berth = await startBerth();
  owner = await createPerson(berth, 'owner', { member: { acme: 'owner' } });
  member = await createPerson(berth, 'member', { member: { acme: 'member' } });
  await owner.v2.push('acme/app', '1');
  await owner.v2.v2('/v2/acme/app/manifests/1', { method: 'DELETE' });
  await operator(berth, 'PATCH', '/packages/acme/app', { visibility: 'public' });
  await owner.rest('POST', '/orgs/acme/teams', { name: 'core' });
});

afterAll(() => berth?.stop());

const read = async (query = ''): Promise<Entry[]> =>
  (await owner.rest('GET', `/orgs/acme/audit-log${query}`)).body as unknown as Entry[];
const readAll = async (query = ''): Promise<Entry[]> =>
  (await operator(berth, 'GET', `/audit-log${query}`)).body as unknown as Entry[];

it('tells an organisation’s owners who did what there, with which token, from where', async () => {
  const entries = await read('?per_page=100');
  const team = entries.find(({ action }) => action.startsWith('team.'));
  expect(team).toMatchObject({ actor: 'owner', target: 'acme/core', address: '127.0.0.1', result: 'done' });
  expect(team?.token_id).toEqual(expect.any(Number));
  expect(team?.actor_id).toEqual(expect.any(Number));
  const visibility = entries.find(({ action }) => action === 'package.visibility');
  expect(visibility).toMatchObject({ actor: 'admin', target: 'acme/app', data: { as: 'administrator' } });
  const pushed = entries.filter(({ target, actor }) => target === 'acme/app' && actor === 'owner');
  expect(pushed.length).toBeGreaterThanOrEqual(2);
  expect(entries.map(({ id }) => Number(id))).toEqual(entries.map(({ id }) => Number(id)).sort((a, b) => b - a));
});

it('keeps it from members and strangers, and other organisations’ entries out of it', async () => {
  expect((await member.rest('GET', '/orgs/acme/audit-log')).status).toBe(403);
  const stranger = await createPerson(berth, 'stranger', { member: { other: 'owner' } });
  expect((await stranger.rest('GET', '/orgs/acme/audit-log')).status).toBe(404);
  expect((await read('?per_page=100')).filter(({ target }) => !/^acme(\/|$)/.test(target))).toEqual([]);
  expect((await readAll('?per_page=100')).some(({ target }) => target === 'stranger')).toBe(true);
});

it('tells of rules, settings and roles on sources under the name of what they are of', async () => {
  const app = '/orgs/acme/packages/container/ruled';
  await owner.v2.push('acme/ruled', '1');
  await owner.rest('PUT', `${app}/tag-rules`, [{ pattern: 'v.*', immutable: true }]);
  await owner.rest('PATCH', `${app}/settings`, { untagged_after_days: 'never' });
  const { body: source } = await owner.rest('POST', '/orgs/acme/sources', { url: 'https://git.example/acme/ruled' });
  await owner.rest('PUT', `/orgs/acme/sources/${source.id}/roles/users/member`, { role: 'read' });
  const entries = await read('?per_page=100');
  const found = (action: string) => entries.find((entry) => entry.action === action);
  expect(found('package.tag-rules')?.target).toBe('acme/ruled');
  expect(found('package.settings')?.target).toBe('acme/ruled');
  expect(found('source.role')).toMatchObject({
    target: 'acme',
    data: { url: 'https://git.example/acme/ruled', login: 'member', role: 'read' },
  });
});

it('tells where from people signed in', async () => {
  const origin = berth.url;
  const body = JSON.stringify({ token: owner.token });
  expect((await fetch(`${origin}/login`, { method: 'POST', headers: { origin }, body })).status).toBe(200);
  const [opened] = await readAll('?action=session.open');
  expect(opened).toMatchObject({ actor: 'owner', address: '127.0.0.1' });
});

it('filters by actor, action, target and time', async () => {
  expect(
    (await readAll('?actor=admin&action=user.&per_page=100')).map(({ action }) => new Set([action]).has('user.create')),
  ).not.toContain(false);
  expect((await read('?actor=owner')).every(({ actor }) => actor === 'owner')).toBe(true);
  expect((await read('?target=acme/app')).every(({ target }) => target === 'acme/app')).toBe(true);
  expect(await read('?since=2999-01-01')).toEqual([]);
  expect((await read('?until=2999-01-01T00:00:00Z')).length).toBeGreaterThan(0);
  for (const query of [
    '?since=x',
    '?before=x',
    '?per_page=-1',
    '?action=%00',
    '?actor[]=x',
    `?before=${'9'.repeat(40)}`,
  ]) {
    expect((await owner.rest('GET', `/orgs/acme/audit-log${query}`)).status, query).toBe(200);
  }
});

it('pages by key, none twice and none left out', async () => {
  const all = (await read('?per_page=100')).map(({ id }) => id);
  const seen: string[] = [];
  for (let query: string | undefined = '?per_page=2'; query; ) {
    const answer = await fetch(`${berth.url}/api/v3/orgs/acme/audit-log${query}`, {
      headers: { authorization: `Bearer ${owner.token}` },
    });
    seen.push(...((await answer.json()) as Entry[]).map(({ id }) => id));
    query = /audit-log(\?[^>]+)>; rel="next"/.exec(answer.headers.get('link') ?? '')?.[1];
  }
  expect(seen).toEqual(all);
});

it('is only ever added to', async () => {
  for (const sql of [`UPDATE audit_log SET actor = 'x'`, 'DELETE FROM audit_log', 'TRUNCATE audit_log']) {
    await expect(berth.sql(sql)).rejects.toThrow('append-only');
  }
});

it('holds no token', async () => {
  const rows = JSON.stringify(await berth.sql('SELECT a::text FROM audit_log a'));
  for (const secret of [owner.token, member.token, berth.adminToken]) expect(rows).not.toContain(secret);
});
