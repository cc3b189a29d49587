import { readFileSync } from 'node:fs';
import { CompleteMultipartUploadCommand } from '@aws-sdk/client-s3';
import { Validator } from '@seriousme/openapi-schema-validator';
import { createSHA256 } from 'hash-wasm';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startAllInOne, startBerth, type TestBerth } from '../support/berth.js';
import { type Client, createAccounts, errorCode, randomBlob, sha256, sha512 } from '../support/client.js';
import { needsS3, startTestBucket, type TestBucket } from '../support/s3.js';

const missing = needsS3();
const UPLOADS = '/v2/acme/app/_berth/uploads/';
const MIB = 1024 * 1024;
let bucket: TestBucket;
let berth: TestBerth;
let pusher: Client;
let stranger: Client;

beforeAll(async () => {
  if (missing) return;
  bucket = await startTestBucket();
  berth = await startBerth(bucket.settings);
  ({ pusher, stranger } = await createAccounts(berth));
});
afterAll(async () => {
  await berth?.stop();
  await bucket?.stop();
});

interface Opened {
  id: string;
  state: string;
  part_size?: number;
  part_count: number;
  hashed_bytes: number;
  requests: Array<{
    number: number;
    offset: number;
    size: number;
    method: string;
    url: string;
    headers: Record<string, string>;
    expires_at: string;
  }>;
  next?: string;
}

const json = (method: string, body: unknown) => ({
  method,
  body: JSON.stringify(body),
  headers: { 'content-type': 'application/json' },
});

async function open(body: Record<string, unknown>, client = pusher): Promise<{ location: string; upload: Opened }> {
  const answer = await client.v2(UPLOADS, json('POST', body));
  expect(answer.status).toBe(202);
  expect(answer.headers.get('cache-control')).toBe('no-store');
  return { location: answer.headers.get('location') ?? '', upload: (await answer.json()) as Opened };
}

/** Sends the requests as they say and answers what the commit wants to know. */
async function send(requests: Opened['requests'], bytes: Buffer): Promise<Array<{ number: number; etag: string }>> {
  return Promise.all(
    requests.map(async ({ number, offset, size, method, url, headers }) => {
      const answer = await fetch(url, { method, headers, body: bytes.subarray(offset, offset + size) });
      expect(answer.status).toBe(200);
      return { number, etag: answer.headers.get('etag') ?? '' };
    }),
  );
}

async function commit(location: string, parts: unknown[], client = pusher): Promise<Response> {
  for (;;) {
    const answer = await client.v2(location, json('PUT', { parts }));
    if (answer.status !== 202) return answer;
    expect(answer.headers.get('location')).toBe(location);
    for (;;) {
      const state = (await (await client.v2(location)).json()) as Opened;
      if (state.state !== 'completing') break;
    }
  }
}

const isThere = async (bytes: Buffer, digest = sha256(bytes)) =>
  (await pusher.blob('acme/app', digest)).bytes.equals(bytes);
const queued = async () =>
  (await berth.sql<{ object_key: string }>('SELECT object_key FROM object_deletions')).map((row) => row.object_key);

describe('one PUT', () => {
  it('goes straight to the store, is verified there and becomes the blob at its commit', async () => {
    const bytes = randomBlob(300_000);
    const { location, upload } = await open({ digest: sha256(bytes), size: bytes.length });
    expect(upload).toMatchObject({ state: 'open', part_count: 1, hashed_bytes: 0 });
    const [request] = upload.requests;
    expect(request?.headers).toHaveProperty('x-amz-checksum-sha256');
    expect(request?.url.startsWith(bucket.server.endpoint)).toBe(true);

    const early = await pusher.v2(location, json('PUT', {}));
    expect([early.status, await errorCode(early)]).toEqual([400, 'BLOB_UPLOAD_INVALID']);
    await send(upload.requests, bytes);
    expect((await pusher.v2(`/v2/acme/app/blobs/${sha256(bytes)}`, { method: 'HEAD' })).status).toBe(404);
    const done = await pusher.v2(location, json('PUT', {}));
    expect([done.status, done.headers.get('docker-content-digest')]).toEqual([201, sha256(bytes)]);
    expect(done.headers.get('location')).toBe(`/v2/acme/app/blobs/${sha256(bytes)}`);
    expect(await isThere(bytes)).toBe(true);
    expect((await pusher.v2(location, json('PUT', {}))).status, 'once more').toBe(201);
    expect(await (await pusher.v2(location)).json()).toMatchObject({ state: 'done', hashed_bytes: 300_000 });
  });

  it('takes no other bytes, before the commit or after it', async () => {
    const bytes = randomBlob(1000);
    const { location, upload } = await open({ digest: sha256(bytes), size: bytes.length });
    const put = (body: Buffer) =>
      fetch(upload.requests[0]?.url ?? '', { method: 'PUT', headers: upload.requests[0]?.headers ?? {}, body });
    expect((await put(randomBlob(1000))).status).toBe(400);
    await put(bytes);
    expect((await commit(location, [])).status).toBe(201);
    expect((await put(randomBlob(1000))).status).toBe(400);
    expect(await isThere(bytes)).toBe(true);
  });

  it('of nothing at all', async () => {
    const { location, upload } = await open({ digest: sha256(Buffer.alloc(0)), size: 0 });
    await send(upload.requests, Buffer.alloc(0));
    expect((await commit(location, [])).status).toBe(201);
  });

  it('of a sha512 blob needs its SHA-256, and is hashed by Berth all the same', async () => {
    const bytes = randomBlob(1000);
    const plain = await open({ digest: sha512(bytes), size: 1000 });
    expect(plain.upload.part_size).toBe(8 * MIB);
    const { location, upload } = await open({ digest: sha512(bytes), size: 1000, sha256: sha256(bytes).slice(7) });
    expect(upload.part_size).toBeUndefined();
    await send(upload.requests, bytes);
    expect((await commit(location, [])).status).toBe(201);
    expect(await isThere(bytes, sha512(bytes))).toBe(true);

    const [claimed, brought] = [randomBlob(1000), randomBlob(1000)];
    const lie = await open({ digest: sha512(claimed), size: 1000, sha256: sha256(brought).slice(7) });
    await send(lie.upload.requests, brought);
    const refused = await commit(lie.location, []);
    expect([refused.status, await errorCode(refused)]).toEqual([400, 'DIGEST_INVALID']);
    expect((await pusher.blob('acme/app', sha512(claimed))).status).toBe(404);
  });
});

describe('parts', () => {
  it('go to the store side by side, are hashed from there, and become the blob', async () => {
    const bytes = randomBlob(20 * MIB + 5);
    const { location, upload } = await open({ digest: sha256(bytes), size: bytes.length, in_parts: true });
    expect([upload.part_count, upload.part_size, upload.requests.length]).toEqual([3, 8 * MIB, 3]);
    const parts = await send(upload.requests, bytes);
    const some = await pusher.v2(location, json('PUT', { parts: parts.slice(1) }));
    expect([some.status, await errorCode(some)]).toEqual([400, 'BLOB_UPLOAD_INVALID']);
    for (const odd of [() => '"nonsense"', (etag: string) => `${etag}#00000000`, () => '"<&>"', () => '']) {
      const named = parts.map(({ number, etag }) => ({ number, etag: odd(etag) }));
      const wrong = await pusher.v2(location, json('PUT', { parts: named }));
      expect([wrong.status, await errorCode(wrong)]).toEqual([400, 'BLOB_UPLOAD_INVALID']);
    }
    expect((await commit(location, parts)).status).toBe(201);
    expect(await isThere(bytes)).toBe(true);
    expect((await commit(location, parts)).status, 'once more').toBe(201);
    // The store may say no before it has read it all, and break the connection.
    const replay = fetch(upload.requests[0]?.url ?? '', { method: 'PUT', body: bytes.subarray(0, 8 * MIB) });
    expect(
      await replay.then(
        ({ status }) => status,
        () => 404,
      ),
    ).toBe(404);
    expect(await isThere(bytes)).toBe(true);
  });

  it('that hash to something else are no blob, and are taken away', async () => {
    const [claimed, brought] = [randomBlob(1000), randomBlob(1000)];
    const { location, upload } = await open({ digest: sha256(claimed), size: 1000, in_parts: true });
    const parts = await send(upload.requests, brought);
    const refused = await commit(location, parts);
    expect([refused.status, await errorCode(refused)]).toEqual([400, 'DIGEST_INVALID']);
    const state = await (await pusher.v2(location)).json();
    expect(state).toMatchObject({ state: 'failed', actual_digest: sha256(brought) });
    expect((await pusher.blob('acme/app', sha256(claimed))).status).toBe(404);
    expect(await queued()).not.toHaveLength(0);
  });

  it('are signed a hundred at a time, and again when asked', async () => {
    const size = 101 * 8 * MIB;
    const { location, upload } = await open({ digest: sha256(randomBlob()), size, in_parts: true });
    expect([upload.part_count, upload.requests.length, upload.next]).toEqual([101, 100, `${location}?part=101`]);
    const rest = (await (await pusher.v2(upload.next ?? '')).json()) as Opened;
    expect(rest.requests.map(({ number, offset }) => [number, offset])).toEqual([[101, 100 * 8 * MIB]]);
    expect(rest.next).toBeUndefined();
    expect((await pusher.v2(`${location}?part=0`)).status).toBe(400);
    const huge = await open({ digest: sha256(randomBlob()), size: 5 * 1024 ** 4 });
    expect(huge.upload.part_count).toBeLessThanOrEqual(10_000);
    for (const { location: at } of [{ location }, huge]) {
      expect((await pusher.v2(at, { method: 'DELETE' })).status).toBe(204);
      expect((await pusher.v2(at)).status).toBe(404);
    }
  });

  it('go on being hashed after a restart', async () => {
    const bytes = randomBlob(3 * MIB);
    const { location, upload } = await open({ digest: sha256(bytes), size: bytes.length, in_parts: true });
    const parts = await send(upload.requests, bytes);
    // As a process left it that died in the middle: the object is whole, a third of it hashed, nobody at work.
    const [row] = await berth.sql<{ object_key: string; upload_id: string }>(
      'SELECT object_key, upload_id FROM upload_sessions WHERE id = $1',
      [upload.id],
    );
    await bucket.client.send(
      new CompleteMultipartUploadCommand({
        ...{ Bucket: bucket.name, Key: row?.object_key, UploadId: row?.upload_id },
        MultipartUpload: { Parts: parts.map(({ number, etag }) => ({ PartNumber: number, ETag: etag })) },
      }),
    );
    const hash = (await createSHA256()).init().update(bytes.subarray(0, MIB)).save();
    await berth.kill();
    await berth.sql(
      `UPDATE upload_sessions SET state = 'completing', "offset" = $2, hash_state = $3, busy_until = NULL WHERE id = $1`,
      [upload.id, MIB, Buffer.from(hash)],
    );
    await berth.restart();
    let state: Opened;
    do state = (await (await pusher.v2(location)).json()) as Opened;
    while (state.state === 'completing');
    expect(state).toMatchObject({ state: 'done', hashed_bytes: bytes.length });
    expect((await commit(location, parts)).status).toBe(201);
    expect(await isThere(bytes)).toBe(true);
  });
});

describe('what others have', () => {
  it('is linked at once where the caller may read it, and has to be brought where not', async () => {
    const bytes = randomBlob(2000);
    await pusher.up('acme/other', bytes);
    const known = await pusher.v2(UPLOADS, json('POST', { digest: sha256(bytes), size: 2000 }));
    expect([known.status, known.headers.get('location')]).toEqual([201, `/v2/acme/app/blobs/${sha256(bytes)}`]);

    // Knowing a digest gives nothing of somebody's private blob: the same answer as for one that nobody has.
    const path = '/v2/other/app/_berth/uploads/';
    const asked = await stranger.v2(path, json('POST', { digest: sha256(bytes), size: 2000, in_parts: true }));
    const { requests } = (await asked.json()) as Opened;
    expect(asked.status).toBe(202);
    const location = asked.headers.get('location') ?? '';
    const parts = await send(requests, randomBlob(2000));
    expect((await commit(location, parts, stranger)).status).toBe(400);
    expect((await stranger.blob('other/app', sha256(bytes))).status).toBe(404);

    const right = await stranger.v2(path, json('POST', { digest: sha256(bytes), size: 2000 }));
    await send(((await right.json()) as Opened).requests, bytes);
    expect((await commit(right.headers.get('location') ?? '', [], stranger)).status).toBe(201);
    expect((await stranger.blob('other/app', sha256(bytes))).bytes.equals(bytes)).toBe(true);
    const objects = await berth.sql('SELECT object_key FROM blobs WHERE digest = $1', [sha256(bytes)]);
    expect(objects).toHaveLength(1);
  });

  it('no session is another’s, nor one of the other kind', async () => {
    const { location } = await open({ digest: sha256(randomBlob()), size: 10 });
    expect((await stranger.v2(location)).status).toBe(403);
    const usual = location.replace('/_berth/', '/blobs/');
    expect((await pusher.v2(usual)).status).toBe(404);
    expect((await pusher.v2(usual, { method: 'PATCH', body: Buffer.from('x') })).status).toBe(404);
    expect((await pusher.v2((await pusher.start('acme/app')).replace('/blobs/', '/_berth/'))).status).toBe(404);
    expect((await fetch(berth.url + UPLOADS, json('POST', { digest: sha256(randomBlob()), size: 1 }))).status).toBe(
      401,
    );
    expect((await stranger.v2(UPLOADS, json('POST', { digest: sha256(randomBlob()), size: 1 }))).status).toBe(403);
  });
});

it.each([
  ['no JSON', '{', 'BLOB_UPLOAD_INVALID'],
  ['no digest', { size: 1 }, 'DIGEST_INVALID'],
  ['a wrong digest', { digest: 'md5:abc', size: 1 }, 'DIGEST_INVALID'],
  ['no size', { digest: sha256(Buffer.from('a')) }, 'BLOB_UPLOAD_INVALID'],
  ['half a byte', { digest: sha256(Buffer.from('a')), size: 0.5 }, 'BLOB_UPLOAD_INVALID'],
  ['less than nothing', { digest: sha256(Buffer.from('a')), size: -1 }, 'BLOB_UPLOAD_INVALID'],
  ['a wrong SHA-256', { digest: sha512(Buffer.from('a')), size: 1, sha256: 'abc' }, 'BLOB_UPLOAD_INVALID'],
  ['a field too many', { digest: sha256(Buffer.from('a')), size: 1, url: 'http://x' }, 'BLOB_UPLOAD_INVALID'],
])('refuses %s', async (_, body, code) => {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  const answer = await pusher.v2(UPLOADS, { method: 'POST', body: text });
  expect([answer.status, await errorCode(answer)]).toEqual([400, code]);
});

it('holds to the largest blob', async () => {
  const own = await startBerth({ ...bucket.settings, BERTH_MAX_BLOB_SIZE: '1000' });
  try {
    const { pusher: client } = await createAccounts(own);
    const answer = await client.v2(UPLOADS, json('POST', { digest: sha256(randomBlob()), size: 1001 }));
    expect([answer.status, await errorCode(answer)]).toEqual([413, 'SIZE_INVALID']);
    expect((await client.v2(UPLOADS, json('POST', { digest: sha256(randomBlob()), size: 1000 }))).status).toBe(202);
  } finally {
    await own.stop();
  }
});

it('answers what docs/direct-uploads.openapi.json says', async () => {
  const document = JSON.parse(readFileSync(new URL('../../docs/direct-uploads.openapi.json', import.meta.url), 'utf8'));
  expect((await new Validator().validate(document)).errors).toBeUndefined();
  const methods = Object.entries(document.paths as Record<string, object>).map(([path, all]) => [
    path,
    Object.keys(all),
  ]);
  expect(methods).toEqual([
    ['/v2/{name}/_berth/uploads/', ['post']],
    ['/v2/{name}/_berth/uploads/{id}', ['get', 'put', 'delete']],
  ]);
  const properties = (name: string) => Object.keys(document.components.schemas[name].properties).sort();
  const { upload } = await open({ digest: sha256(randomBlob()), size: 101 * 8 * MIB, in_parts: true });
  expect(Object.keys(upload).sort()).toEqual(properties('OpenUpload'));
  expect(Object.keys(upload.requests[0] ?? {}).sort()).toEqual(properties('Request'));
  for (const field of properties('Opening')) {
    const answer = await pusher.v2(UPLOADS, json('POST', { digest: sha256(randomBlob()), size: 1, [field]: [] }));
    expect([field, answer.status]).toEqual([field, 400]);
  }
});

describe('on disk', () => {
  it('says what to do instead', async () => {
    const disk = await startAllInOne();
    try {
      const { pusher: client } = await createAccounts(disk);
      const answer = await client.v2(UPLOADS, json('POST', { digest: sha256(randomBlob()), size: 1 }));
      expect(answer.status).toBe(404);
      const { errors } = (await answer.json()) as { errors: Array<{ code: string; detail: { reason: string } }> };
      expect(errors[0]).toMatchObject({
        code: 'UNSUPPORTED',
        detail: { reason: expect.stringContaining('/blobs/uploads/') },
      });
    } finally {
      await disk.stop();
    }
  });
});
