// What is stored by whom, and what deleting frees, as REST and the operator API tell it to whom it concerns.
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startBerth, type TestBerth } from '../support/berth.js';
import { type Accounts, collectGarbage, createAccounts, E, operator, randomBlob } from '../support/client.js';

const NAME = 'acme/app';
const PACKAGE = '/api/v3/orgs/acme/packages/container/app';
const LAYER = randomBlob(9000);

let berth: TestBerth;
let accounts: Accounts;

beforeAll(async () => {
  berth = await startBerth({ BERTH_UNTAGGED_AFTER: '0s', BERTH_RESTORE_WINDOW: '0s' });
  accounts = await createAccounts(berth);
  await accounts.pusher.push(NAME, 'x', [LAYER]);
  await accounts.pusher.push('acme/second', 'x', [LAYER]);
});

afterAll(async () => {
  expect(berth.log()).not.toContain('request failed');
  await berth.stop();
});

async function get(path: string, token = accounts.pusher.token) {
  const answer = await fetch(`${berth.url}${path}`, { headers: { authorization: `Bearer ${token}` } });
  return { status: answer.status, body: (await answer.json()) as Record<string, unknown> };
}

const manifestSize = async () =>
  (await berth.sql<{ size: number }>('SELECT size FROM manifests ORDER BY id LIMIT 1'))[0]?.size ?? 0;
/** Another measurement, whatever the schedule says. */
async function measured(): Promise<void> {
  const [before] = await berth.sql<{ id: number }>('SELECT coalesce(max(id), 0)::int AS id FROM storage_measurements');
  await berth.sql("UPDATE storage_measurements SET finished_at = finished_at - interval '1 day'");
  await expect
    .poll(
      async () =>
        (await berth.sql('SELECT 1 FROM storage_measurements WHERE id > $1 AND finished_at IS NOT NULL', [before?.id]))
          .length,
      { timeout: 180_000, interval: 1000 },
    )
    .toBe(1);
}

it('tells what a version, a tag and a package would free within the package', async () => {
  const [version] = (await get(`${PACKAGE}/versions`)).body as unknown as Array<{ id: number }>;
  const bytes = LAYER.length + E.length + (await manifestSize());
  const alone = { within: 'package', exclusive_bytes: bytes, shared_bytes: 0 };
  for (const path of [`/versions/${version?.id}/storage`, '/tags/x/storage']) {
    expect(await get(`${PACKAGE}${path}`)).toEqual({ status: 200, body: alone });
  }
  expect((await get(`${PACKAGE}/storage`)).body).toEqual({ ...alone, versions: 1, measured_at: expect.any(String) });
  expect((await get(`${PACKAGE}/versions/999999/storage`)).status).toBe(404);
  expect((await get(`${PACKAGE}/tags/none/storage`)).status).toBe(404);
  expect((await get(`${PACKAGE}/tags/-/storage`)).status).toBe(400);
  expect((await get(`${PACKAGE}/storage?within=instance`)).status).toBe(400);
});

it('looks through the namespace for its owners only', async () => {
  const login = 'acme';
  expect((await get(`${PACKAGE}/tags/x/storage?within=namespace`)).status, 'without the scope').toBe(403);
  const owner = await operator(berth, 'POST', `/users/${accounts.pusher.login}/tokens`, {
    name: 'owner',
    scopes: ['read:packages', 'admin:org'],
  });
  const token = String(owner.body.token);
  expect((await get(`${PACKAGE}/tags/x/storage?within=namespace`, token)).body).toEqual({
    within: 'namespace',
    exclusive_bytes: await manifestSize(),
    shared_bytes: LAYER.length + E.length,
  });
  expect((await get(`${PACKAGE}/storage?within=namespace`, token)).body).toMatchObject({
    exclusive_bytes: await manifestSize(),
    shared_bytes: LAYER.length + E.length,
  });
  await measured();
  const use = await get(`/api/v3/orgs/${login}/storage?per_page=1`, token);
  expect(use.body).toMatchObject({
    logical_bytes: 2 * (LAYER.length + E.length),
    stored_bytes: LAYER.length + E.length,
    packages: [{ name: 'app', exclusive_bytes: 0, shared_bytes: LAYER.length + E.length }],
  });
});

it('tells a tenant nothing of what another has', async () => {
  const paths = [`${PACKAGE}/tags/x/storage`, `${PACKAGE}/storage`];
  const look = async () =>
    (await Promise.all(paths.map((path) => get(path)))).map(({ body: { measured_at: _, ...body } }) => body);
  const before = await look();
  await accounts.stranger.push('other/app', 'x', [LAYER]);
  expect(await look()).toEqual(before);
  const other = '/api/v3/orgs/other/packages/container/app';
  expect((await get(`${other}/storage`)).status, 'nor of the package').toBe(404);
  expect((await get(`${other}/storage`, accounts.stranger.token)).status).toBe(200);
  await operator(berth, 'POST', '/gc/runs', { grace: '0s' });
  expect(await look()).toEqual(before);
});

it('tells operators what packages and namespaces store, and what a run frees', async () => {
  await measured();
  const packages = await operator(berth, 'GET', '/storage/packages?sort=pushed');
  expect(packages.body).toMatchObject({
    packages: [
      { package: NAME, logical_bytes: LAYER.length + E.length, exclusive_bytes: 0, last_pulled_at: null },
      { package: 'acme/second' },
      { package: 'other/app' },
    ],
    next: null,
  });
  expect((await operator(berth, 'GET', '/storage/packages/acme/app')).body).toMatchObject({
    package: NAME,
    versions: 1,
  });
  expect((await operator(berth, 'GET', '/storage/packages/acme/none')).status).toBe(404);
  expect((await operator(berth, 'GET', '/storage/packages?sort=age')).status).toBe(400);
  expect((await operator(berth, 'GET', '/storage/packages?order=up')).status).toBe(400);
  expect((await operator(berth, 'GET', '/storage/packages?after=%00')).status).toBe(200);
  expect((await operator(berth, 'GET', '/storage/namespaces')).body).toMatchObject({
    namespaces: [
      { namespace: 'other', stored_bytes: LAYER.length + E.length, exclusive_bytes: 0 },
      { namespace: 'acme', stored_bytes: LAYER.length + E.length, shared_bytes: LAYER.length + E.length },
    ],
  });
  const tags = await fetch(`${berth.url}/v2/acme/second/manifests/x`, {
    method: 'DELETE',
    headers: { authorization: `Bearer ${await accounts.pusher.bearerFor('/v2/acme/second/manifests/x')}` },
  });
  expect(tags.status).toBe(202);
  const dry = await collectGarbage(berth, { grace: '0s', dry_run: true });
  expect(dry.counts.untagged).toMatchObject({
    count: 1,
    freed: { exclusive: await manifestSize(), shared: LAYER.length + E.length },
  });
});
