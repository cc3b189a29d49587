import { randomBytes } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { buffer } from 'node:stream/consumers';
import { ListMultipartUploadsCommand } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { ObjectMissingError, type OwnedObjectStore } from '#registry';
import { type Fault, type FaultProxy, type S3Server, startFaultProxy, startS3Server, whyNoS3 } from '#testing';
import { S3Bucket } from './s3-bucket.js';
import { S3ObjectKeeper } from './s3-object-keeper.js';
import { S3ObjectSigner } from './s3-object-signer.js';
import { S3ObjectStore } from './s3-object-store.js';

const PART = 5 * 1024 * 1024;
const FEATURES = { verifiesPuts: true, verifiesMultipart: true };
/** Short, so that a store that never answers is given up on soon; long for a slow machine's answer. */
const TIMEOUT_MS = 4000;
const missing = whyNoS3();
let server: S3Server;
let proxy: FaultProxy;
let bucket: S3Bucket;
let store: OwnedObjectStore;

beforeAll(async () => {
  if (missing) return;
  server = await startS3Server();
  proxy = await startFaultProxy(server.endpoint);
  Object.assign(process.env, server.credentials);
  bucket = new S3Bucket(
    {
      bucket: await server.createBucket(),
      endpoint: proxy.endpoint,
      publicEndpoint: undefined,
      region: undefined,
      forcePathStyle: true,
      encryption: undefined,
      encryptionKeyId: undefined,
    },
    { requestMs: TIMEOUT_MS, completionMs: TIMEOUT_MS },
  );
  const signer = new S3ObjectSigner(bucket, FEATURES);
  store = new S3ObjectStore(signer, new S3ObjectKeeper(bucket, FEATURES), { idleMs: TIMEOUT_MS });
});
beforeEach(({ skip }) => {
  if (missing && process.env.CI) throw new Error(missing);
  if (missing) skip(missing);
});
afterAll(async () => {
  bucket?.close();
  await proxy?.stop();
  await server?.stop();
});

const openUploads = async () => {
  const { Uploads = [] } = await bucket.client.send(new ListMultipartUploadsCommand({ Bucket: bucket.name }));
  return Uploads;
};
const newKey = () => randomBytes(20).toString('hex');
const to =
  (method: string, query = '') =>
  (request: IncomingMessage) =>
    request.method === method && (request.url ?? '').includes(query);
const PASSING: Fault[] = ['slow', 'reset', 'hang', '500', '503', 'lost answer'];

/** Each operation of a multipart upload and which request of it meets the fault. */
describe.each(PASSING)('%s', (fault) => {
  it('on a PUT: the object is there', async () => {
    const [key, bytes] = [newKey(), randomBytes(100_000)];
    proxy.inject(fault, to('PUT', key), 2);
    await store.put(key, [bytes]);
    expect(proxy.met()).toBeGreaterThan(0);
    expect(await buffer(await store.read(key))).toEqual(bytes);
  });

  it.each([
    ['the start', 'POST', '?uploads'],
    ['a part', 'PUT', 'partNumber=2'],
    ['the completion', 'POST', 'uploadId='],
  ])('on %s of a multipart upload: the object is there', async (_, method, query) => {
    const [key, first, second] = [newKey(), randomBytes(PART), randomBytes(1000)];
    proxy.inject(fault, to(method, query), 1);
    const id = await store.startMultipart(key);
    const parts = [
      await store.writePart(key, id, { number: 1, offset: 0 }, [first]),
      await store.writePart(key, id, { number: 2, offset: PART }, [second]),
    ];
    await store.completeMultipart(key, id, parts);
    expect(proxy.met()).toBe(1);
    expect((await buffer(await store.read(key))).equals(Buffer.concat([first, second]))).toBe(true);
    expect(await openUploads(), 'no upload is left open').toEqual([]);
  });

  it('on an abort: the upload is gone', async () => {
    const key = newKey();
    const id = await store.startMultipart(key);
    const part = await store.writePart(key, id, { number: 1, offset: 0 }, [Buffer.from('part')]);
    proxy.inject(fault, to('DELETE', 'uploadId='), 1);
    await store.abortMultipart(key, id);
    expect(proxy.met()).toBe(1);
    await expect(store.completeMultipart(key, id, [part])).rejects.toThrow();
  });

  it('on HEAD, GET and DELETE: the answer is right', async () => {
    const key = newKey();
    await store.put(key, [Buffer.from('bytes')]);
    proxy.inject(fault, to('HEAD', key), 1);
    expect(await store.size(key)).toBe(5);
    expect(proxy.met()).toBe(1);
    proxy.inject(fault, to('GET', key), 1);
    expect((await buffer(await store.read(key))).toString()).toBe('bytes');
    expect(proxy.met()).toBe(1);
    proxy.inject(fault, to('POST', '?delete'), 1);
    expect(await store.delete([key])).toEqual([key]);
    expect(proxy.met()).toBe(1);
    expect(await store.size(key)).toBeUndefined();
  });
});

it('takes a completion for done whose answer says 200 and holds an error, if the object is there', async () => {
  const key = newKey();
  const id = await store.startMultipart(key);
  const part = await store.writePart(key, id, { number: 1, offset: 0 }, [Buffer.from('once')]);
  proxy.inject('200 with an error', to('POST', 'uploadId='), 10);
  await store.completeMultipart(key, id, [part]);
  expect(proxy.met()).toBeGreaterThan(0);
  expect((await buffer(await store.read(key))).toString()).toBe('once');
});

it('takes no completion for done that made another object', async () => {
  const key = newKey();
  const id = await store.startMultipart(key);
  const part = await store.writePart(key, id, { number: 1, offset: 0 }, [Buffer.from('short')]);
  await store.completeMultipart(key, id, [part]);
  proxy.inject('500', to('POST', 'uploadId='), 10);
  await expect(store.completeMultipart(key, id, [{ ...part, size: 6 }])).rejects.toThrow();
});

it('says 503, and never that there is no such object, of a store that goes on failing', async () => {
  const key = newKey();
  await store.put(key, [Buffer.from('bytes')]);
  for (const fault of ['500', '503', 'reset'] as const) {
    proxy.inject(fault, () => true, 100);
    for (const operation of [
      () => store.read(key),
      () => store.size(key),
      () => store.put(newKey(), [Buffer.from('x')]),
    ]) {
      const error = await operation().then(
        () => undefined,
        (reason: unknown) => reason,
      );
      expect(error).toMatchObject({ statusCode: 503 });
      expect(error).not.toBeInstanceOf(ObjectMissingError);
    }
    expect(proxy.met()).toBeLessThanOrEqual(12);
  }
  proxy.inject('slow', () => false);
});

it('never gives half an object for a whole one', async () => {
  const key = newKey();
  await store.put(key, [randomBytes(100_000)]);
  proxy.inject('truncated', to('GET', key), 1);
  await expect(buffer(await store.read(key))).rejects.toThrow();
  expect(await buffer(await store.read(key))).toHaveLength(100_000);
});

it('counts only those keys as gone that the store says are', async () => {
  const keys = [newKey(), newKey(), newKey()];
  for (const key of keys) await store.put(key, [Buffer.from('bytes')]);
  proxy.inject('one denied', to('POST', '?delete'), 1);
  const gone = await store.delete(keys);
  expect(gone).toHaveLength(2);
  expect(keys).toEqual(expect.arrayContaining(gone));
  expect((await store.delete(keys)).sort()).toEqual([...keys].sort());
});

it('lists on where the store gives fewer keys than there are', async () => {
  const keys = [newKey(), newKey(), newKey()];
  for (const key of keys) await store.put(key, [Buffer.from('bytes')]);
  const whole = await store.list('', 1000);
  expect(whole.map(({ key }) => key)).toEqual(expect.arrayContaining(keys));
  proxy.inject('short page', to('GET', 'list-type=2'), 2);
  expect(await store.list('', 1000)).toEqual(whole);
  expect(proxy.met()).toBe(2);
  proxy.inject('short page', to('GET', 'list-type=2'), 1);
  expect(await store.list('', 2), 'no more than were asked for').toEqual(whole.slice(0, 2));
});
