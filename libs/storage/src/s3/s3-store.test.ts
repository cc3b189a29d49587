import { createHash, randomBytes } from 'node:crypto';
import dns from 'node:dns';
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { ObjectMissingError, type SignedRequest } from '#registry';
import { type S3Server, startS3Server, whyNoS3 } from '#testing';
import { openS3Store, type S3Store } from './open-s3-store.js';
import { S3Bucket, type S3Settings } from './s3-bucket.js';
import { S3ObjectSigner } from './s3-object-signer.js';

const PART = 5 * 1024 * 1024;
const missing = whyNoS3();
let server: S3Server;
let settings: S3Settings;
let store: S3Store;

beforeAll(async () => {
  if (missing) return;
  server = await startS3Server({ virtualHost: 'localhost' });
  Object.assign(process.env, server.credentials);
  settings = {
    bucket: await server.createBucket(),
    endpoint: server.endpoint,
    publicEndpoint: undefined,
    region: undefined,
    forcePathStyle: true,
    encryption: undefined,
    encryptionKeyId: undefined,
  };
  store = await openS3Store(settings);
});
beforeEach(({ skip }) => {
  if (missing && process.env.CI) throw new Error(missing);
  if (missing) skip(missing);
});
afterAll(async () => {
  store?.close();
  await server?.stop();
});

const newKey = () => randomBytes(20).toString('hex');
const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');
const send = (signed: SignedRequest, body?: Uint8Array, more: RequestInit = {}) =>
  fetch(signed.url, { method: signed.method, headers: signed.headers, ...(body && { body }), ...more });

describe('a bucket when it is opened', () => {
  it('is seen to verify both checksums, and is left empty', async () => {
    expect(store.features).toEqual({ verifiesPuts: true, verifiesMultipart: true });
    const own = await server.createBucket();
    (await openS3Store({ ...settings, bucket: own })).close();
    const left = await readdir(join(server.folder, own), { recursive: true });
    expect(left.filter((name) => !name.startsWith('.sgwtmp'))).toEqual([]);
    expect(left.filter((name) => /multipart\/.*\/.*/.test(name))).toEqual([]);
  });

  it('that goes away is no bucket without objects', async () => {
    const own = await server.createBucket();
    const { objects, close } = await openS3Store({ ...settings, bucket: own });
    const key = newKey();
    expect(await objects.size(key)).toBeUndefined();
    await expect(objects.read(key)).rejects.toThrow(ObjectMissingError);
    await rm(join(server.folder, own), { recursive: true });
    await expect(objects.size(key)).rejects.toMatchObject({ name: 'StorageError', status: 404 });
    await expect(objects.read(key)).rejects.toMatchObject({ name: 'StorageError', status: 404 });
    close();
  });

  it('that is not there is told by its name and setting', async () => {
    await expect(openS3Store({ ...settings, bucket: 'no-such-bucket' })).rejects.toThrow(
      /no-such-bucket \(BERTH_S3_BUCKET\).*404/,
    );
  });

  it('with credentials that are not taken is an error, not a bucket that verifies', async () => {
    const secret = process.env.AWS_SECRET_ACCESS_KEY;
    process.env.AWS_SECRET_ACCESS_KEY = 'wrong';
    try {
      await expect(openS3Store(settings)).rejects.toThrow(/answered 403/);
    } finally {
      process.env.AWS_SECRET_ACCESS_KEY = secret;
    }
  });
});

describe('a signed PUT', () => {
  const bytes = randomBytes(1000);

  it('writes those bytes only', async () => {
    const key = newKey();
    const signed = await store.signer.signPut(key, { size: bytes.length, sha256: sha256(bytes) }, 'client');
    expect(signed.headers).toHaveProperty('x-amz-checksum-sha256');
    expect((await send(signed, randomBytes(1000))).status).toBe(400);
    const { 'x-amz-checksum-sha256': _, ...unchecked } = signed.headers;
    expect((await send(signed, bytes, { headers: unchecked })).status).toBe(403);
    expect((await send(signed, bytes.subarray(1))).status).toBe(403);
    expect(await store.objects.size(key)).toBeUndefined();
    expect((await send(signed, bytes)).status).toBe(200);
    expect(await buffer(await store.objects.read(key))).toEqual(bytes);
    // Once more, with other bytes: what is there stays.
    expect((await send(signed, randomBytes(1000))).status).toBe(400);
    expect(await buffer(await store.objects.read(key))).toEqual(bytes);
  });

  it('is for its key and method only', async () => {
    const [key, other] = [newKey(), newKey()];
    const signed = await store.signer.signPut(key, { size: bytes.length, sha256: sha256(bytes) }, 'client');
    const elsewhere = { ...signed, url: signed.url.replace(key, other) };
    expect((await send(elsewhere, bytes)).status).toBe(403);
    expect((await send({ ...signed, method: 'GET' })).status).toBe(403);
    expect((await fetch(signed.url, { method: 'DELETE', headers: signed.headers })).status).toBe(403);
  });
});

describe('a signed part', () => {
  it('is for its number, length and checksum only, and dead once the upload is complete', async () => {
    const key = newKey();
    const id = await store.keeper.startMultipart(key, false);
    const part = { number: 1, size: 10, crc32: undefined };
    const signed = await store.signer.signPart(key, id, part, 'client');
    expect((await send(signed, randomBytes(11))).status).toBe(403);
    expect(
      (await send({ ...signed, url: signed.url.replace('partNumber=1', 'partNumber=2') }, randomBytes(10))).status,
    ).toBe(403);
    const answer = await send(signed, Buffer.from('0123456789'));
    expect(answer.status).toBe(200);
    await store.keeper.completeMultipart(key, id, [{ number: 1, size: 10, etag: answer.headers.get('etag') ?? '' }]);
    expect((await send(signed, randomBytes(10))).status).toBe(404);
    expect((await buffer(await store.objects.read(key))).toString()).toBe('0123456789');
    const checked = await store.signer.signPart(key, id, { ...part, crc32: 1 }, 'berth');
    expect(checked.headers).toHaveProperty('x-amz-checksum-crc32');
  });
});

describe('a signed GET', () => {
  const bytes = Buffer.from('<html><script>alert(1)</script></html>');
  let signed: SignedRequest;
  beforeAll(async () => {
    if (missing) return;
    const key = newKey();
    await store.objects.put(key, [bytes]);
    signed = await store.signer.signGet(key, 'client');
  });

  it('answers an attachment without a type, whole and in ranges, to anybody', async () => {
    const whole = await send(signed);
    expect(whole.status).toBe(200);
    expect(whole.headers.get('content-type')).toBe('application/octet-stream');
    expect(whole.headers.get('content-disposition')).toBe('attachment');
    expect(Buffer.from(await whole.arrayBuffer())).toEqual(bytes);
    const some = await send(signed, undefined, { headers: { range: 'bytes=1-4' } });
    expect([some.status, await some.text()]).toEqual([206, 'html']);
    const lacksType = { ...signed, url: signed.url.replace(/&response-content-type=[^&]*/, '') };
    expect((await send(lacksType)).status).toBe(403);
  });

  it('lives a quarter of an hour, or as long as the credentials that signed it', async () => {
    expect(signed.expiresAt.getTime() - Date.now()).toBeGreaterThan(14 * 60_000);
    const bucket = new S3Bucket(settings);
    const { accessKeyId, secretAccessKey } = await bucket.client.config.credentials();
    const expiration = new Date(Date.now() + 10 * 60_000);
    bucket.client.config.credentials = async () => ({ accessKeyId, secretAccessKey, expiration });
    const short = await new S3ObjectSigner(bucket, store.features).signGet('key', 'client');
    expect(Math.abs(short.expiresAt.getTime() - expiration.getTime())).toBeLessThan(60_000);
    expect(Number(new URL(short.url).searchParams.get('X-Amz-Expires'))).toBeLessThanOrEqual(600);
  });
});

describe('names of the bucket', () => {
  it('are paths or hosts, as the store has them', async () => {
    const endpoint = server.endpoint.replace('127.0.0.1', 'localhost');
    const bucket = new S3Bucket({ ...settings, endpoint, forcePathStyle: false });
    const signed = await new S3ObjectSigner(bucket, store.features).signGet('key', 'client');
    expect(new URL(signed.url).hostname).toBe(`${settings.bucket}.localhost`);
    expect(new URL(signed.url).pathname).toBe('/key');
    const path = await store.signer.signGet('key', 'client');
    expect(new URL(path.url).pathname).toBe(`/${settings.bucket}/key`);
    // Names below localhost lead here on most machines, not on all; the signature names the host.
    const lookup = dns.lookup as (host: string, ...more: unknown[]) => void;
    vi.spyOn(dns, 'lookup').mockImplementation(((host: string, ...more: unknown[]) =>
      lookup(host.endsWith('.localhost') ? '127.0.0.1' : host, ...more)) as never);
    const key = newKey();
    const virtual = await openS3Store({ ...settings, endpoint, forcePathStyle: false });
    await virtual.objects.put(key, [Buffer.from('host')]);
    expect((await buffer(await store.objects.read(key))).toString()).toBe('host');
    virtual.close();
    vi.restoreAllMocks();
  });

  it('are public ones in what clients get, and Berth’s own in what it sends itself', async () => {
    const bucket = new S3Bucket({ ...settings, publicEndpoint: 'https://objects.example.com' });
    const signer = new S3ObjectSigner(bucket, store.features);
    expect((await signer.signGet('key', 'client')).url).toMatch(/^https:\/\/objects\.example\.com\//);
    expect((await signer.signGet('key', 'berth')).url.startsWith(server.endpoint)).toBe(true);
  });
});

it('asks for encryption in every write that starts an object', async () => {
  const bucket = new S3Bucket({ ...settings, encryption: 'aws:kms', encryptionKeyId: 'key-1' });
  const { headers, url } = await new S3ObjectSigner(bucket, store.features).signPut(
    'key',
    { size: 1, sha256: sha256(Buffer.from('a')) },
    'client',
  );
  expect(headers).toMatchObject({
    'x-amz-server-side-encryption': 'aws:kms',
    'x-amz-server-side-encryption-aws-kms-key-id': 'key-1',
  });
  const signed = new URL(url).searchParams.get('X-Amz-SignedHeaders')?.split(';');
  expect(signed).toEqual(expect.arrayContaining(Object.keys(headers)));
  expect(bucket.encryption).toEqual({ ServerSideEncryption: 'aws:kms', SSEKMSKeyId: 'key-1' });
});

it('has the store check the whole of a multipart upload', async () => {
  const key = newKey();
  const id = await store.objects.startMultipart(key);
  const [first, second] = [randomBytes(PART), randomBytes(1000)];
  const parts = [
    await store.objects.writePart(key, id, { number: 1, offset: 0 }, [first]),
    await store.objects.writePart(key, id, { number: 2, offset: PART }, [second]),
  ];
  // Each part's own checksum is right, the whole's is that of a longer object.
  const wrong = parts.map((part) => ({ ...part, size: part.size + 1 }));
  await expect(store.objects.completeMultipart(key, id, wrong)).rejects.toThrow(/BadDigest/);
  await store.objects.completeMultipart(key, id, parts);
  expect((await buffer(await store.objects.read(key))).equals(Buffer.concat([first, second]))).toBe(true);
});

it('deletes a thousand at once', async () => {
  const keys = Array.from({ length: 1000 }, newKey);
  await store.objects.put(keys[500] ?? '', [Buffer.from('one of them')]);
  expect((await store.objects.delete(keys)).sort()).toEqual([...keys].sort());
  expect(await store.objects.size(keys[500] ?? '')).toBeUndefined();
});
