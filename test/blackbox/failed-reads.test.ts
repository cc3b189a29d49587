// A read that fails takes the blob out of service at once: for HEAD, mount and manifests too, until a push brings its bytes.
import { readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startAllInOne, type TestBerth } from '../support/berth.js';
import { type Client, createAccounts, E, image, randomBlob, sha256 } from '../support/client.js';
import { needsS3, startTestBucket, type TestBucket } from '../support/s3.js';

const LARGE = 300_000;
const SMALL = 20_000;

describe.each(['file system', 's3, redirect', 's3, proxy'])('on %s', (kind) => {
  const missing = kind === 'file system' ? undefined : needsS3();
  let bucket: TestBucket | undefined;
  let berth: TestBerth;
  let pusher: Client;

  beforeAll(async () => {
    if (missing) return;
    if (kind !== 'file system') bucket = await startTestBucket();
    berth = await startAllInOne({
      ...bucket?.settings,
      BERTH_BLOB_DELIVERY: kind === 's3, redirect' ? 'redirect' : 'proxy',
    });
    ({ pusher } = await createAccounts(berth));
    // Only reads may find it.
    await berth.sql("UPDATE scrub SET mode = 'off'");
    await pusher.up('acme/app', E);
  });

  afterAll(async () => {
    await berth?.stop();
    await bucket?.stop();
  });

  const keyOf = async (digest: string) =>
    (await berth.sql<{ key: string }>('SELECT object_key AS key FROM blobs WHERE digest = $1', [digest]))[0]?.key ?? '';
  const pathOf = (key: string) =>
    bucket
      ? join(bucket.server.folder, bucket.name, key)
      : join(berth.folder, 'objects', 'objects', key.slice(0, 2), key);
  const head = async (name: string, digest: string) =>
    (await pusher.v2(`/v2/${name}/blobs/${digest}`, { method: 'HEAD' })).status;

  /** Reads as a client does; what comes of it is not the point. */
  async function read(digest: string, headers: Record<string, string> = {}): Promise<number> {
    try {
      const answer = await pusher.v2(`/v2/acme/app/blobs/${digest}`, { headers });
      await answer.arrayBuffer();
      return answer.status;
    } catch {
      return 0; // broken off in the middle
    }
  }

  async function expectOutOfService(bytes: Buffer): Promise<void> {
    const digest = sha256(bytes);
    await expect.poll(() => head('acme/app', digest)).toBe(404);
    expect(await head('acme/other', digest), 'the same object').toBe(404);
    expect(await read(digest)).toBe(404);
    const mount = await pusher.v2(`/v2/acme/third/blobs/uploads/?mount=${digest}&from=acme/app`, { method: 'POST' });
    expect(mount.status).toBe(202);
    expect((await pusher.put('acme/app', 'lost', image([bytes]))).status).toBe(400);
    const before = await keyOf(digest);
    expect((await pusher.up('acme/other', bytes)).status).toBe(201);
    expect(await keyOf(digest), 'another object').not.toBe(before);
    expect((await pusher.blob('acme/app', digest)).bytes.equals(bytes)).toBe(true);
    expect((await pusher.put('acme/app', 'found', image([bytes]))).status).toBe(201);
    const waiting = await berth.sql('SELECT 1 FROM object_deletions WHERE object_key = $1', [before]);
    const isDeleted = await readFile(pathOf(before)).then(
      () => false,
      () => true,
    );
    expect(waiting.length === 1 || isDeleted, 'the old one is let go of').toBe(true);
  }

  async function pushed(size: number): Promise<Buffer> {
    const bytes = randomBlob(size);
    for (const name of ['acme/app', 'acme/other']) expect((await pusher.up(name, bytes)).status).toBe(201);
    return bytes;
  }

  it.each([LARGE, SMALL])('an object that is gone (%i bytes)', async (size) => {
    const bytes = await pushed(size);
    await rm(pathOf(await keyOf(sha256(bytes))));
    expect(await read(sha256(bytes))).toBe(404);
    await expectOutOfService(bytes);
  });

  it.each([LARGE, SMALL])('an object that was cut (%i bytes)', async (size) => {
    const bytes = await pushed(size);
    await truncate(pathOf(await keyOf(sha256(bytes))), 1000);
    expect(await read(sha256(bytes))).not.toBe(307);
    await expectOutOfService(bytes);
  });

  it('an object that was cut before the range that is asked for', async () => {
    const bytes = await pushed(LARGE);
    await truncate(pathOf(await keyOf(sha256(bytes))), 1000);
    await read(sha256(bytes), { range: 'bytes=200000-200099' });
    await expectOutOfService(bytes);
  });

  it('small blobs, whose bytes are compared before they are given out', async () => {
    const bytes = await pushed(SMALL);
    const path = pathOf(await keyOf(sha256(bytes)));
    const bad = Buffer.from(bytes);
    bad[7] = (bad[7] ?? 0) ^ 1;
    await writeFile(path, bad);
    if (kind === 's3, redirect') return; // the client reads by itself; the scrub finds it
    expect(await read(sha256(bytes))).toBe(404);
    await expectOutOfService(bytes);
  });

  it('and nothing else', async () => {
    const [bytes, none] = [await pushed(LARGE), await pushed(0)];
    expect((await pusher.blob('acme/app', sha256(bytes))).bytes.equals(bytes)).toBe(true);
    expect((await pusher.blob('acme/app', sha256(none))).bytes).toHaveLength(0);
    if (kind !== 's3, redirect') {
      expect(await read(sha256(bytes), { range: 'bytes=299990-400000' })).toBe(206);
      expect(await read(sha256(bytes), { range: 'bytes=-5' })).toBe(206);
    }
    // A client that goes away in the middle says nothing about the object.
    const leaving = new AbortController();
    const answer = await pusher.v2(`/v2/acme/app/blobs/${sha256(bytes)}`, { signal: leaving.signal });
    leaving.abort();
    await answer.arrayBuffer().catch(() => undefined);
    expect(await head('acme/app', sha256(bytes))).toBe(200);
    expect(await berth.sql('SELECT digest FROM blobs WHERE missing_since IS NOT NULL')).toEqual([]);
    expect(berth.log()).not.toContain('request failed');
  });
});
