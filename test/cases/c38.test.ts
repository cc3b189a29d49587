// C38: a deleted package, and the same name again.
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startBerth, type TestBerth } from '../support/berth.js';
import { type Accounts, Client, createAccounts, createToken, operator } from '../support/client.js';
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

const AT = '/orgs/acme/packages/container/app';

it('frees the name at once, and restores when it is free again', async () => {
  const { pusher, stranger } = accounts;
  for (const tag of ['1', '2']) await pusher.push('acme/app', tag);
  const old = (await api(AT)).body.id;
  expect((await api(AT, 'DELETE')).status).toBe(204);
  expect((await pusher.v2('/v2/acme/app/manifests/1', { method: 'HEAD' })).status).toBe(404);
  expect((await pusher.v2('/v2/acme/app/tags/list')).status).toBe(404);
  expect((await stranger.v2('/v2/acme/app/blobs/uploads/', { method: 'POST' })).status).toBe(403);

  await pusher.push('acme/app', '1');
  expect(await (await pusher.v2('/v2/acme/app/tags/list')).json()).toEqual({ name: 'acme/app', tags: ['1'] });
  const fresh = (await api(AT)).body;
  expect([fresh.visibility, fresh.id === old, fresh.version_count]).toEqual(['private', false, 1]);

  const refused = await api(`${AT}/restore`, 'POST');
  expect([refused.status, refused.body.message]).toEqual([409, expect.stringMatching(/name in use/i)]);
  expect((await api(AT)).body).toEqual(fresh);

  expect((await api(AT, 'DELETE')).status).toBe(204);
  expect((await api(`${AT}/restore`, 'POST')).status).toBe(204); // the one that was deleted last
  expect((await api(AT)).body.id).toBe(fresh.id);
});

it('lets whoever administered the package restore it, and nobody else', async () => {
  const { pusher } = accounts;
  const token = async (login: string) => {
    await operator(berth, 'POST', '/users', { login });
    await operator(berth, 'PUT', `/orgs/acme/members/${login}`, { role: 'member' });
    return (await createToken(berth, login, ['read:packages', 'write:packages', 'delete:packages'])).token;
  };
  const [publisher, administrator, writer] = [await token('publisher'), await token('keeper'), await token('writer')];
  await new Client(berth, 'publisher', publisher).push('acme/kept', '1');
  const kept = '/orgs/acme/packages/container/kept';
  for (const [login, role] of [
    ['keeper', 'admin'],
    ['writer', 'write'],
  ]) {
    const { status } = await rest(berth, pusher.token, `${kept}/access/roles/users/${login}`, {
      method: 'PUT',
      body: { role },
    });
    expect(status).toBe(200);
  }
  for (const restorer of [publisher, administrator]) {
    expect((await rest(berth, publisher, kept, { method: 'DELETE' })).status).toBe(204);
    expect((await rest(berth, writer, `${kept}/restore`, { method: 'POST' })).status).toBe(404);
    expect((await rest(berth, accounts.stranger.token, `${kept}/restore`, { method: 'POST' })).status).toBe(404);
    expect((await rest(berth, restorer, `${kept}/restore`, { method: 'POST' })).status).toBe(204);
  }
});
