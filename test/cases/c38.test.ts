// C38: a deleted package, and the same name again.
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
