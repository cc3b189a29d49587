// What counts as a download, and what the REST API says of it.
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startBerth, type TestBerth } from '../support/berth.js';
import { type Accounts, Client, createAccounts, createToken, encode, index, sha256 } from '../support/client.js';
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

it('counts every manifest that was answered, index and child each, and nothing else', async () => {
  const { pusher } = accounts;
  const child = await pusher.push('acme/app', 'child');
  const whole = index([child]);
  await pusher.put('acme/app', '1', whole);
  const childPath = `/v2/acme/app/manifests/${sha256(encode(child))}`;
  for (const path of ['/v2/acme/app/manifests/1', childPath, childPath]) {
    expect((await pusher.v2(path)).status).toBe(200);
  }
  const scanner = await createToken(berth, 'pusher', ['read:packages']);
  await berth.sql(`UPDATE access_tokens SET counts_pulls = false WHERE id = $1`, [scanner.id]);
  expect((await new Client(berth, 'pusher', scanner.token).v2(childPath)).status).toBe(200);
  expect((await pusher.v2(childPath, { method: 'HEAD' })).status).toBe(200);
  const authorization = `Bearer ${await pusher.bearerFor(childPath)}`;
  const etag = `"${sha256(encode(child))}"`;
  expect((await pusher.v2(childPath, { headers: { authorization, 'if-none-match': etag } })).status).toBe(304);
  expect((await pusher.v2('/v2/acme/app/manifests/none')).status).toBe(404);

  const began = Date.now();
  await berth.restart(); // stopping flushes
  const { body } = await rest(berth, pusher.token, '/orgs/acme/packages/container/app/versions');
  expect(
    body.map((version: { name: string; download_count: number }) => [version.name, version.download_count]),
  ).toEqual([
    [sha256(encode(whole)), 1],
    [sha256(encode(child)), 2],
  ]);
  for (const { last_downloaded_at: last } of body) {
    expect(Math.abs(Date.parse(last) - began)).toBeLessThan(120_000);
  }
  const [days] = await berth.sql<{ sum: string }>('SELECT sum(count) FROM manifest_pulls');
  expect(days?.sum).toBe('3');
});

it('adds up, of anonymous callers, too', async () => {
  const { pusher } = accounts;
  await pusher.push('acme/open', '1');
  await berth.sql(`UPDATE packages SET visibility = 'public'`);
  const token = (await (await fetch(`${berth.url}/token?scope=repository:acme/open:pull`)).json()) as { token: string };
  const headers = { authorization: `Bearer ${token.token}` };
  for (const expected of [1, 2]) {
    expect((await fetch(`${berth.url}/v2/acme/open/manifests/1`, { headers })).status).toBe(200);
    await berth.restart();
    const { body } = await rest(berth, pusher.token, '/orgs/acme/packages/container/open/versions');
    expect(body[0].download_count).toBe(expected);
  }
});
