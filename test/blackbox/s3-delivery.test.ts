import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startAllInOne, startBerth, type TestBerth } from '../support/berth.js';
import { type Client, createAccounts, E, errorCode, image, randomBlob, sha256 } from '../support/client.js';
import { needsS3, startTestBucket, type TestBucket } from '../support/s3.js';

const missing = needsS3();
let bucket: TestBucket;
let redirecting: TestBerth;
let proxying: TestBerth;
let pusher: Client;
let stranger: Client;
let anonymous: Client;
const blob = randomBlob(300_000);
const digest = sha256(blob);
const path = `/v2/acme/app/blobs/${digest}`;

beforeAll(async () => {
  if (missing) return;
  bucket = await startTestBucket();
  redirecting = await startBerth({ ...bucket.settings, BERTH_BLOB_DELIVERY: 'redirect' });
  proxying = await startBerth({
    ...bucket.settings,
    BERTH_DATABASE_URL: redirecting.databaseUrl,
    BERTH_BLOB_DELIVERY: 'proxy',
  });
  ({ pusher, stranger, anonymous } = await createAccounts(redirecting));
  await pusher.up('acme/app', blob);
});
afterAll(async () => {
  await proxying?.stop();
  await redirecting?.stop();
  await bucket?.stop();
});

/** Keys of objects go by digest only through the database. */
const keyOf = async (of: string) => {
  const [row] = await redirecting.sql<{ object_key: string }>('SELECT object_key FROM blobs WHERE digest = $1', [of]);
  return row?.object_key ?? '';
};

describe('redirect', () => {
  it('sends a client to the bucket: by a link with two minutes left at least, that no shared cache may keep', async () => {
    const answer = await pusher.v2(path);
    expect(answer.status).toBe(307);
    expect(answer.headers.get('docker-content-digest')).toBe(digest);
    expect(answer.headers.get('cache-control')).toBe('private, no-store');
    expect(answer.headers.get('content-length')).toBe('0');
    const link = new URL(answer.headers.get('location') ?? '');
    expect(link.origin).toBe(bucket.server.endpoint);
    const signed = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(link.searchParams.get('X-Amz-Date') ?? '');
    const [, y, mo, d, h, mi, s] = (signed ?? []).map(Number);
    const end = Date.UTC(y ?? 0, (mo ?? 1) - 1, d, h, mi, s) + Number(link.searchParams.get('X-Amz-Expires')) * 1000;
    expect(end - Date.now()).toBeGreaterThan(2 * 60_000);
  });

  it('gives a link that works without a token, whole and in ranges, and shows no page', async () => {
    const link = (await pusher.v2(path)).headers.get('location') ?? '';
    const whole = await fetch(link);
    expect([whole.status, Buffer.from(await whole.arrayBuffer()).equals(blob)]).toEqual([200, true]);
    expect(whole.headers.get('content-type')).toBe('application/octet-stream');
    expect(whole.headers.get('content-disposition')).toBe('attachment');
    const some = await fetch(link, { headers: { range: 'bytes=10-19' } });
    expect([some.status, Buffer.from(await some.arrayBuffer())]).toEqual([206, blob.subarray(10, 20)]);
  });

  it('keeps the link, and asks the store nothing for the next pull', async () => {
    const [first, second] = [await pusher.v2(path), await pusher.v2(path)];
    expect(second.headers.get('location')).toBe(first.headers.get('location'));
  });

  it('answers by itself what needs no bytes: HEAD, what is known already, a range past the end', async () => {
    const head = await pusher.v2(path, { method: 'HEAD' });
    expect([head.status, head.headers.get('content-length')]).toEqual([200, '300000']);
    const known = await pusher.v2(path, { headers: { 'if-none-match': `"${digest}"` } });
    expect(known.status).toBe(304);
    const past = await pusher.v2(path, { headers: { range: 'bytes=300000-' } });
    expect([past.status, past.headers.get('content-range')]).toEqual([416, 'bytes */300000']);
    expect((await pusher.v2(path, { headers: { range: 'bytes=1-2' } })).status).toBe(307);
  });

  it('gives no link to whoever may not pull', async () => {
    for (const [client, status] of [
      [anonymous, 401],
      [stranger, 404],
    ] as const) {
      const answer = await client.v2(path);
      expect([answer.status, answer.headers.get('location')]).toEqual([status, null]);
    }
  });
});

describe('proxy', () => {
  it('passes the bytes on, whole and in ranges', async () => {
    const client = pusher.at(proxying);
    const whole = await client.v2(path);
    expect([whole.status, whole.headers.get('docker-content-digest')]).toEqual([200, digest]);
    expect(Buffer.from(await whole.arrayBuffer()).equals(blob)).toBe(true);
    const some = await client.v2(path, { headers: { range: 'bytes=-5' } });
    expect([some.status, Buffer.from(await some.arrayBuffer())]).toEqual([206, blob.subarray(-5)]);
  });
});

describe.each(['redirect', 'proxy'])('an object that is gone from the bucket (%s)', (delivery) => {
  it('is absent to everybody, until a push brings its bytes again', async () => {
    const client = pusher.at(delivery === 'redirect' ? redirecting : proxying);
    const bytes = randomBlob(100_000);
    const lost = sha256(bytes);
    await client.up('acme/app', bytes);
    await client.up('acme/other', bytes);
    const key = await keyOf(lost);
    await bucket.server.removeObject(bucket.name, key);

    const get = await client.v2(`/v2/acme/app/blobs/${lost}`);
    expect([get.status, await errorCode(get)]).toEqual([404, 'BLOB_UNKNOWN']);
    expect((await client.v2(`/v2/acme/app/blobs/${lost}`, { method: 'HEAD' })).status).toBe(404);
    expect((await client.v2(`/v2/acme/other/blobs/${lost}`, { method: 'HEAD' })).status).toBe(404);
    const mount = await client.v2(`/v2/acme/third/blobs/uploads/?mount=${lost}&from=acme/app`, { method: 'POST' });
    expect(mount.status).toBe(202);
    await client.up('acme/app', E);
    expect((await client.put('acme/app', 'lost', image([bytes]))).status).toBe(400);

    expect((await client.up('acme/app', bytes)).status).toBe(201);
    expect(await keyOf(lost)).not.toBe(key);
    expect((await client.blob('acme/app', lost)).bytes.equals(bytes)).toBe(true);
    expect((await client.blob('acme/other', lost)).bytes.equals(bytes)).toBe(true);
    expect((await client.put('acme/app', 'found', image([bytes]))).status).toBe(201);
  });
});

it('names the public endpoint to clients, and its own to itself', async () => {
  const berth = await startAllInOne({ ...bucket.settings, BERTH_S3_PUBLIC_ENDPOINT: 'https://objects.example.com' });
  try {
    const accounts = await createAccounts(berth);
    expect((await accounts.pusher.up('acme/app', blob)).status).toBe(201);
    expect((await accounts.pusher.v2(path)).headers.get('location')).toMatch(/^https:\/\/objects\.example\.com\//);
  } finally {
    await berth.stop();
  }
});

it('does not start on a bucket that is not there, and says which', async () => {
  await expect(startAllInOne({ ...bucket.settings, BERTH_S3_BUCKET: 'no-such-bucket' })).rejects.toThrow(
    /no-such-bucket/,
  );
});
