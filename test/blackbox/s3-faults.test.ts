import type { IncomingMessage } from 'node:http';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { type Fault, type FaultProxy, startFaultProxy } from '#testing';
import { startBerth, type TestBerth } from '../support/berth.js';
import { type Client, createAccounts, errorCode, randomBlob, sha256 } from '../support/client.js';
import { needsS3, startTestBucket, type TestBucket } from '../support/s3.js';

const missing = needsS3();
const MIB = 1024 * 1024;
vi.setConfig({ testTimeout: 5 * 60_000 });

let bucket: TestBucket;
let proxy: FaultProxy;
let berth: TestBerth;
let pusher: Client;

beforeAll(async () => {
  if (missing) return;
  bucket = await startTestBucket();
  proxy = await startFaultProxy(bucket.server.endpoint);
  berth = await startBerth({ ...bucket.settings, BERTH_S3_ENDPOINT: proxy.endpoint, BERTH_BLOB_DELIVERY: 'proxy' });
  ({ pusher } = await createAccounts(berth));
});
afterAll(async () => {
  await berth?.stop();
  await proxy?.stop();
  await bucket?.stop();
});

const to =
  (method: string, query = '') =>
  (request: IncomingMessage) =>
    request.method === method && (request.url ?? '').includes(query);

async function pushInChunks(bytes: Buffer): Promise<Response> {
  const location = await pusher.start('acme/app');
  for (let at = 0; at < bytes.length; at += 5 * MIB) {
    const answer = await pusher.v2(location, { method: 'PATCH', body: bytes.subarray(at, at + 5 * MIB) });
    expect(answer.status).toBe(202);
  }
  return pusher.v2(`${location}?digest=${sha256(bytes)}`, { method: 'PUT' });
}

describe.each<Fault>(['slow', 'reset', '500', '503', 'lost answer'])('%s', (fault) => {
  it.each([
    ['a PUT', 'PUT', '', 100_000],
    ['the start', 'POST', '?uploads', 20 * MIB],
    ['a part', 'PUT', 'partNumber=2', 20 * MIB],
    ['the completion', 'POST', 'uploadId=', 20 * MIB],
    ['a look', 'HEAD', '', 20 * MIB],
    ['a piece read back', 'GET', '', 12 * MIB],
  ])('on %s: the push succeeds, and its bytes are there', async (_, method, query, size) => {
    const bytes = randomBlob(size);
    proxy.inject(fault, to(method, query), 1);
    expect((await pushInChunks(bytes)).status).toBe(201);
    expect(proxy.met()).toBe(1);
    expect((await pusher.blob('acme/app', sha256(bytes))).bytes.equals(bytes)).toBe(true);
  });
});

it('a store that goes on failing is a 503 to try again after, and the same push succeeds once it is well', async () => {
  const bytes = randomBlob(100_000);
  const location = await pusher.start('acme/app');
  proxy.inject('503', () => true, 1000);
  const put = () => pusher.v2(`${location}?digest=${sha256(bytes)}`, { method: 'PUT', body: bytes });
  const failed = await put();
  expect([failed.status, await errorCode(failed)]).toEqual([503, 'UNAVAILABLE']);
  expect(failed.headers.get('retry-after')).toBe('1');
  proxy.inject('slow', () => false);
  expect((await put()).status).toBe(201);

  proxy.inject('503', () => true, 1000);
  const large = randomBlob(100_000);
  const read = await pusher.v2(`/v2/acme/app/blobs/${sha256(bytes)}`);
  expect(read.status).toBe(503);
  expect((await pusher.v2(`/v2/acme/app/blobs/${sha256(bytes)}`, { method: 'HEAD' })).status, 'it is not gone').toBe(
    200,
  );
  expect((await pusher.v2(`/v2/acme/app/blobs/${sha256(large)}`)).status).toBe(404);
  proxy.inject('slow', () => false);
  expect((await pusher.blob('acme/app', sha256(bytes))).bytes.equals(bytes)).toBe(true);
});

it('half an object is never a whole one: the client sees that its pull broke', async () => {
  const bytes = randomBlob(2 * MIB);
  await pusher.up('acme/app', bytes);
  proxy.inject('truncated', to('GET'), 1);
  await expect(pusher.blob('acme/app', sha256(bytes))).rejects.toThrow();
  expect((await pusher.blob('acme/app', sha256(bytes))).bytes.equals(bytes)).toBe(true);
});
