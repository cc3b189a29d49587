// C22: no compression on the way.
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startBerth, type TestBerth } from '../support/berth.js';
import { type Accounts, createAccounts, E, encode, image, sha256 } from '../support/client.js';
import { ask } from '../support/raw.js';

const TEXT = Buffer.from(JSON.stringify({ words: 'again and '.repeat(20_000) }));
const GZIP = gzipSync(TEXT);
const MANIFEST = image([GZIP, TEXT], { annotations: { long: 'x'.repeat(20_000) } });
const BODIES = {
  [`manifests/${sha256(encode(MANIFEST))}`]: encode(MANIFEST),
  [`blobs/${sha256(GZIP)}`]: GZIP,
  [`blobs/${sha256(TEXT)}`]: TEXT,
  [`blobs/${sha256(E)}`]: E,
};

let berth: TestBerth;
let accounts: Accounts;

beforeAll(async () => {
  berth = await startBerth();
  accounts = await createAccounts(berth);
  for (const blob of [E, GZIP, TEXT]) await accounts.pusher.up('acme/app', blob);
  expect((await accounts.pusher.put('acme/app', '1', MANIFEST)).status).toBe(201);
});

afterAll(async () => {
  await berth.stop();
});

const read = async (method: string, path: string, headers: Record<string, string>) =>
  ask(berth, {
    method,
    path: `/v2/acme/app/${path}`,
    headers: { ...headers, Authorization: `Bearer ${await accounts.pusher.bearer('repository:acme/app:pull')}` },
  });

it.each(
  Object.keys(BODIES).flatMap((path) =>
    ['gzip, br, zstd', 'gzip;q=1.0, identity;q=0', undefined].flatMap((accepted) =>
      ['GET', 'HEAD'].map((method) => [method, path, accepted] as const),
    ),
  ),
)('%s %s, Accept-Encoding %s', async (method, path, accepted) => {
  const bytes = BODIES[path] ?? E;
  const answer = await read(method, path, accepted === undefined ? {} : { 'Accept-Encoding': accepted });
  expect(answer.status).toBe(200);
  expect(answer.headers['content-encoding']).toBeUndefined();
  expect(answer.headers['transfer-encoding']).toBeUndefined();
  expect(answer.headers['content-length']).toBe(String(bytes.length));
  expect(answer.headers['docker-content-digest']).toBe(path.split('/')[1]);
  if (method === 'GET') expect(sha256(answer.body)).toBe(sha256(bytes));
});

it('cuts a range from the stored bytes', async () => {
  for (const bytes of [GZIP, TEXT]) {
    const answer = await read('GET', `blobs/${sha256(bytes)}`, { Range: 'bytes=5-9', 'Accept-Encoding': 'gzip' });
    expect([answer.status, answer.headers['content-encoding']]).toEqual([206, undefined]);
    expect(answer.body.equals(bytes.subarray(5, 10))).toBe(true);
  }
});
