// C20: `docker manifest` needs an old header. (The command itself runs in the clients' tests.)
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startBerth, type TestBerth } from '../support/berth.js';
import { type Accounts, createAccounts, E, sha256 } from '../support/client.js';

let berth: TestBerth;
let accounts: Accounts;

beforeAll(async () => {
  berth = await startBerth();
  accounts = await createAccounts(berth);
  await accounts.pusher.push('acme/app', '1');
});

afterAll(async () => {
  await berth.stop();
});

it.each([
  ['pusher', 'GET', '/v2/', 200],
  ['anonymous', 'GET', '/v2/', 401],
  ['anonymous', 'GET', '/v2', 401],
  ['pusher', 'GET', '/v2/acme/app/manifests/1', 200],
  ['pusher', 'HEAD', '/v2/acme/app/manifests/1', 200],
  ['pusher', 'GET', '/v2/acme/app/manifests/none', 404],
  ['pusher', 'HEAD', '/v2/acme/app/manifests/none', 404],
  ['anonymous', 'GET', '/v2/acme/app/manifests/1', 401],
  ['anonymous', 'HEAD', '/v2/acme/none/manifests/1', 401],
  ['pusher', 'GET', '/v2/acme/app/tags/list', 200],
  ['pusher', 'GET', '/v2/acme/none/tags/list', 404],
  ['pusher', 'GET', `/v2/acme/app/blobs/${sha256(E)}`, 200],
  ['pusher', 'POST', '/v2/acme/app/blobs/uploads/', 202],
  ['stranger', 'POST', '/v2/acme/app/blobs/uploads/', 403],
  ['pusher', 'GET', '/v2/acme/app/foo', 404],
  ['pusher', 'POST', '/v2/acme/app/manifests/1', 405],
  ['pusher', 'GET', '/v2/Acme/app/tags/list', 400],
  ['pusher', 'GET', '/v2/_catalog', 200],
] as const)('%s %s %s', async (who, method, path, status) => {
  const { token } = accounts[who];
  const answer = await (token ? accounts[who].v2(path, { method }) : fetch(berth.url + path, { method }));
  expect([answer.status, answer.headers.get('docker-distribution-api-version')]).toEqual([status, 'registry/2.0']);
});
