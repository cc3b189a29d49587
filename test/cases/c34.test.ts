// C34: names with a slash.
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startBerth, type TestBerth } from '../support/berth.js';
import { type Accounts, createAccounts } from '../support/client.js';
import { rest } from '../support/rest.js';

let berth: TestBerth;
let accounts: Accounts;

beforeAll(async () => {
  berth = await startBerth();
  accounts = await createAccounts(berth);
});

afterAll(async () => {
  expect(berth.log()).not.toContain('request failed');
  await berth.stop();
});

const api = (path: string, method = 'GET', body?: unknown) =>
  rest(berth, accounts.pusher.token, path, { method, body });

const AT = '/orgs/acme/packages/container';

beforeAll(async () => {
  for (const name of ['kas/kas', 'kas', 'versions', 'restore', 'a/versions'])
    await accounts.pusher.push(`acme/${name}`, '1');
});

it('finds the package under its name, however the slash is written, and no other', async () => {
  for (const name of ['kas%2Fkas', 'kas%2fkas']) {
    const { status, body } = await api(`${AT}/${name}`);
    expect([status, body.name]).toEqual([200, 'kas/kas']);
    expect(body.url).toBe(`${berth.url}/api/v3${AT}/kas%2Fkas`);
    expect(body.html_url).toBe(`${berth.url}/orgs/acme/packages/container/package/kas%2Fkas`);
    expect((await api(`${AT}/${name}/versions`)).body).toHaveLength(1);
  }
  expect((await api(`${AT}/kas`)).body.name).toBe('kas');
  for (const name of [
    'kas/kas',
    'kas%252Fkas',
    'kas%2F',
    '%2Fkas',
    'kas%2F..%2Fkas',
    'KAS',
    'kas%00',
    '..',
    '%2e%2e%2fkas',
  ]) {
    const { status, body } = await api(`${AT}/${name}`);
    expect([name, status, body.status]).toEqual([name, 404, '404']);
  }
});

it('deletes and restores a version of it', async () => {
  const [version] = (await api(`${AT}/kas%2Fkas/versions`)).body;
  expect((await api(`${AT}/kas%2Fkas/versions/${version.id}`, 'DELETE')).status).toBe(204);
  expect((await api(`${AT}/kas%2fkas/versions/${version.id}/restore`, 'POST')).status).toBe(204);
  expect((await api(`${AT}/kas/versions`)).body).toHaveLength(1);
});

it.each(['versions', 'restore', 'a%2Fversions'])(
  'serves a package that is called as a part of a path: %s',
  async (name) => {
    expect((await api(`${AT}/${name}`)).body.name).toBe(decodeURIComponent(name));
    const [version] = (await api(`${AT}/${name}/versions`)).body;
    expect(version.metadata.container.tags).toEqual(['1']);
    expect((await api(`${AT}/${name}/versions/${version.id}`)).body.id).toBe(version.id);
    expect((await api(`${AT}/${name}`, 'DELETE')).status).toBe(204);
    expect((await api(`${AT}/${name}`)).status).toBe(404);
    expect((await api(`${AT}/${name}/restore`, 'POST')).status).toBe(204);
    expect((await api(`${AT}/${name}`)).status).toBe(200);
  },
);
