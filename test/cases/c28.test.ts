// C28: the first push asks before the package exists.
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startBerth, type TestBerth } from '../support/berth.js';
import { type Accounts, createAccounts, errorCode, randomBlob, sha256 } from '../support/client.js';
import { rest } from '../support/rest.js';

let berth: TestBerth;
let accounts: Accounts;

beforeAll(async () => {
  berth = await startBerth();
  accounts = await createAccounts(berth);
});

afterAll(async () => {
  await berth.stop();
});

const catalog = async () =>
  ((await (await accounts.pusher.v2('/v2/_catalog')).json()) as { repositories: string[] }).repositories;

const packages = async () => {
  const { status, body } = await rest(berth, accounts.pusher.token, '/orgs/acme/packages?package_type=container');
  expect(status).toBe(200);
  return body.map(({ name, visibility }: { name: string; visibility: string }) => [name, visibility]);
};

it('says 404 to whoever may push, and shows no empty package', async () => {
  const { pusher } = accounts;
  const authorization = `Bearer ${await pusher.bearer('repository:acme/new1:pull,push')}`;
  const ask = (method: string, path: string) => pusher.v2(path, { method, headers: { authorization } });
  const digest = sha256(randomBlob());
  expect((await ask('HEAD', `/v2/acme/new1/blobs/${digest}`)).status).toBe(404);
  expect((await ask('HEAD', '/v2/acme/new1/manifests/1')).status).toBe(404);
  const tags = await ask('GET', '/v2/acme/new1/tags/list');
  expect([tags.status, await errorCode(tags)]).toEqual([404, 'NAME_UNKNOWN']);
  const opened = await ask('POST', '/v2/acme/new1/blobs/uploads/');
  expect(opened.status).toBe(202);
  expect((await ask('DELETE', opened.headers.get('location') ?? '')).status).toBe(204);
  expect(await catalog()).toEqual([]);
  expect(await packages()).toEqual([]);
  expect((await rest(berth, accounts.pusher.token, '/orgs/acme/packages/container/new1')).status).toBe(404);
  expect((await ask('GET', '/v2/acme/new1/tags/list')).status).toBe(404);
});

it('makes the package with its first push, private', async () => {
  const { pusher, stranger } = accounts;
  await pusher.push('acme/new2/sub/deep', '1');
  expect(await catalog()).toEqual(['acme/new2/sub/deep']);
  expect(await packages()).toEqual([['new2/sub/deep', 'private']]);
  const path = '/v2/acme/new2/sub/deep/manifests/1';
  expect((await pusher.v2(path)).status).toBe(200);
  expect((await fetch(berth.url + path)).status).toBe(401);
  expect((await stranger.v2(path)).status).toBe(404);
});
