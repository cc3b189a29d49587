// Refusals explained: counted for a package's admins with the remedy, invisible to strangers; and why without trying.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startBerth, type TestBerth } from '../support/berth.js';
import { Client, operator } from '../support/client.js';
import { startIssuer, type TestIssuer } from '../support/issuer.js';
import { createPerson, type Person } from '../support/people.js';

let berth: TestBerth;
let issuer: TestIssuer;
let owner: Person;
let reader: Person;
let stranger: Person;
let workflow: Client;
let policyId: number;

interface Refusal {
  identity: string;
  action: string;
  rule: string;
  count: number;
  message: string;
}

beforeAll(async () => {
  issuer = await startIssuer();
  berth = await startBerth({ BERTH_OUTBOUND_NETWORKS: '127.0.0.0/8', BERTH_OUTBOUND_HTTP: 'on' });
  owner = await createPerson(berth, 'owner', { member: { acme: 'owner' } });
  reader = await createPerson(berth, 'reader');
  stranger = await createPerson(berth, 'stranger', { member: { other: 'owner' } });
  await owner.v2.push('acme/app', '1');
  await owner.rest('PUT', '/orgs/acme/packages/container/app/access/roles/users/reader', { role: 'read' });
  await owner.rest('POST', '/orgs/acme/sources', { url: 'https://github.com/acme/tool' });
  issuer.accounts.set('repo:acme/tool', { repository: 'acme/tool' });
  const { body } = await operator(berth, 'POST', '/orgs/acme/trust-policies', {
    name: 'tool',
    issuer: issuer.url,
    audience: 'berth',
    conditions: { repository: 'acme/tool' },
    source: 'https://github.com/acme/tool',
  });
  policyId = Number(body.id);
  workflow = new Client(berth, 'oidc', await issuer.idToken('repo:acme/tool', 'berth'));
});

afterAll(async () => {
  await berth?.stop();
  await issuer?.stop();
});

const read = async (name = 'app'): Promise<Refusal[]> =>
  (await owner.rest('GET', `/orgs/acme/packages/container/${name}/refusals`)).body as unknown as Refusal[];

it('counts refusals by identity, action and rule, and tells the package’s admins what would help', async () => {
  expect(await read()).toEqual([]);
  const push = (client: Client) => client.v2('/v2/acme/app/blobs/uploads/', { method: 'POST' });
  for (let i = 0; i < 3; i++) expect((await push(workflow)).status).toBe(403);
  for (let i = 0; i < 2; i++) expect((await push(reader.v2)).status).toBe(403);
  expect((await stranger.v2.v2('/v2/acme/app/manifests/1')).status).toBe(404);
  expect((await fetch(`${berth.url}/v2/acme/app/manifests/1`)).status).toBe(401);
  expect((await reader.rest('DELETE', '/orgs/acme/packages/container/app')).status).toBe(403);
  for (const name of ['acme/none', 'nobody/none']) await stranger.v2.v2(`/v2/${name}/manifests/1`);

  await expect.poll(async () => (await read()).length, { timeout: 60_000, interval: 1000 }).toBe(5);
  const refusals = await read();
  const of = (identity: string, action: string) =>
    refusals.find((refusal) => refusal.identity === identity && refusal.action === action);
  expect(of('workflow repo:acme/tool', 'push')).toMatchObject({
    rule: 'no right',
    count: 3,
    message: expect.stringMatching(
      /^workflow repo:acme\/tool was refused push 3 times: the package is not linked to its source/,
    ),
  });
  expect(of('reader', 'push')).toMatchObject({ count: 2, message: expect.stringContaining('grant write') });
  expect(of('reader', 'delete')).toMatchObject({ count: 1, message: expect.stringContaining('refused delete once') });
  expect(of('stranger', 'pull')).toMatchObject({ count: 1, message: expect.stringContaining('grant read') });
  expect(of('anonymous', 'pull')).toMatchObject({ count: 1, message: expect.stringContaining('log in') });
  const [rows] = await berth.sql('SELECT count(*)::int AS n FROM refusals');
  expect(rows).toEqual({ n: 5 });
});

it('keeps them from everybody else', async () => {
  const path = '/orgs/acme/packages/container/app/refusals';
  expect((await reader.rest('GET', path)).status).toBe(403);
  expect((await stranger.rest('GET', path)).status).toBe(404);
});

it('keeps 200 kinds a package, so that nobody fills the table, and goes on counting those', async () => {
  await owner.v2.push('acme/full', '1');
  await berth.sql(`
    INSERT INTO refusals (package_id, identity, action, rule, count)
    SELECT p.package_id, 'user-' || i, 'pull', 'no right', 1 FROM generate_series(1, 199) i, package_names p
    WHERE p.full_name = 'acme/full'`);
  for (const client of [stranger.v2, reader.v2, workflow]) await client.v2('/v2/acme/full/manifests/1');
  await berth.restart();
  const count = async () =>
    (
      await berth.sql<{ n: number }>(`
    SELECT count(*)::int AS n FROM refusals r JOIN package_names p ON p.package_id = r.package_id WHERE p.full_name = 'acme/full'`)
    )[0]?.n;
  expect(await count()).toBe(200);
});

describe('explain', () => {
  const ask = (subject: string, action: string, name = 'acme/app') =>
    operator(berth, 'GET', `/explain?${new URLSearchParams({ subject, action, package: name })}`);

  it.each([
    ['owner', 'delete', true, 'namespace owner', null],
    ['reader', 'pull', true, 'role on the package', null],
    ['reader', 'push', false, 'no right', 'grant write'],
    ['stranger', 'pull', false, 'no right', 'grant read'],
    ['nobody-there', 'pull', false, 'no right', 'grant read'],
    ['anonymous', 'pull', false, 'no right', 'log in'],
    ['WORKFLOW', 'push', false, 'no right', 'not linked to its source'],
  ])('names the rule for %s who wants to %s', async (who, action, allowed, rule, remedy) => {
    const subject = who === 'WORKFLOW' ? `workflow:${policyId}` : who;
    const { status, body } = await ask(subject, action);
    expect([status, body]).toEqual([
      200,
      { subject, action, package: 'acme/app', allowed, rule, remedy: remedy && expect.stringContaining(remedy) },
    ]);
    const own = await owner.rest(
      'GET',
      `/orgs/acme/packages/container/app/explain?subject=${subject}&action=${action}`,
    );
    expect([own.status, own.body]).toEqual([200, body]);
  });

  it('answers what is asked wrongly with what to ask', async () => {
    for (const [subject, action, name] of [
      ['', 'pull', 'acme/app'],
      ['owner', 'fly', 'acme/app'],
      ['owner', 'pull', 'Not A Name'],
      ['a\0b', 'pull', 'acme/app'],
    ] as const) {
      expect((await ask(subject, action, name)).status).toBe(400);
    }
    expect((await ask('workflow:999999', 'pull')).status).toBe(404);
    expect((await ask('workflow:x', 'pull')).status).toBe(404);
    expect((await owner.rest('GET', '/orgs/acme/packages/container/app/explain')).status).toBe(400);
  });

  it('is for operators and the package’s admins', async () => {
    const path = '/orgs/acme/packages/container/app/explain?subject=owner&action=pull';
    expect((await reader.rest('GET', path)).status).toBe(403);
    expect((await stranger.rest('GET', path)).status).toBe(404);
    expect((await fetch(`${berth.url}/admin/v1/explain?subject=owner&action=pull&package=acme/app`)).status).toBe(401);
  });
});
