import { setTimeout as wait } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import type { TestBerth } from '../support/berth.js';
import { type Client, createAccounts, randomBlob, sha256 } from '../support/client.js';
import { needsS3, startTwoOnS3, type TestBucket } from '../support/s3.js';

const missing = needsS3();
const MIB = 1024 * 1024;
/** The worker looks every half minute. */
const PATIENCE_MS = 5 * 60_000;
vi.setConfig({ testTimeout: 2 * PATIENCE_MS });

let bucket: TestBucket;
let berths: [TestBerth, TestBerth];
let stop: () => Promise<void>;
let clients: [Client, Client];

beforeAll(async () => {
  if (missing) return;
  ({ bucket, berths, stop } = await startTwoOnS3());
  const { pusher } = await createAccounts(berths[0]);
  clients = [pusher.at(berths[0]), pusher.at(berths[1])];
});
afterAll(() => stop?.());

const patch = (client: Client, location: string, body: Uint8Array) =>
  client.v2(location, { method: 'PATCH', body }).then(
    ({ status }) => status,
    () => 'broken',
  );

/** A body that stops in the middle and never ends, until it is let go. */
function endless(first: Buffer): { body: ReadableStream<Uint8Array>; letGo(): void } {
  let controller: ReadableStreamDefaultController<Uint8Array>;
  const body = new ReadableStream<Uint8Array>({
    start(given) {
      controller = given;
      controller.enqueue(first);
    },
  });
  return { body, letGo: () => controller.error(new Error('let go')) };
}

async function openDirect(client: Client, bytes: Buffer, inParts: boolean) {
  const answer = await client.v2('/v2/acme/app/_berth/uploads/', {
    method: 'POST',
    body: JSON.stringify({ digest: sha256(bytes), size: bytes.length, in_parts: inParts }),
  });
  const { requests } = (await answer.json()) as {
    requests: Array<{ number: number; offset: number; size: number; url: string; headers: Record<string, string> }>;
  };
  const parts = await Promise.all(
    requests.map(async ({ number, offset, size, url, headers }) => {
      const put = await fetch(url, { method: 'PUT', headers, body: bytes.subarray(offset, offset + size) });
      return { number, etag: put.headers.get('etag') };
    }),
  );
  return { location: answer.headers.get('location') ?? '', parts };
}

it('the bucket holds exactly what the database knows, after uploads of every kind and end, a kill and a worker’s pass', async () => {
  const [one, other] = clients;
  const kept: Buffer[] = [];
  const keep = (bytes: Buffer) => {
    kept.push(bytes);
    return bytes;
  };

  // What is to stay: small, large, in chunks by turns, twice at once, direct.
  for (const size of [0, 1000, 20 * MIB]) expect((await one.up('acme/app', keep(randomBlob(size)))).status).toBe(201);
  const chunked = keep(randomBlob(21 * MIB));
  const location = await one.start('acme/app');
  for (let i = 0; i < 3; i++) {
    const client = clients[i % 2] as Client;
    expect(await patch(client, location, chunked.subarray(i * 7 * MIB, (i + 1) * 7 * MIB))).toBe(202);
  }
  expect((await other.v2(`${location}?digest=${sha256(chunked)}`, { method: 'PUT' })).status).toBe(201);
  const same = keep(randomBlob(9 * MIB));
  const twice = await Promise.all([one.up('acme/app', same), other.up('acme/other', same)]);
  expect(twice.map(({ status }) => status)).toEqual([201, 201]);
  for (const inParts of [true, false]) {
    const bytes = keep(randomBlob(9 * MIB));
    const { location: at, parts } = await openDirect(one, bytes, inParts);
    const body = JSON.stringify(inParts ? { parts } : {});
    await vi.waitFor(async () => expect((await one.v2(at, { method: 'PUT', body })).status).toBe(201), PATIENCE_MS);
  }

  // What is not: cancelled, of another digest, given up, direct and never committed.
  const cancelled = await one.start('acme/app');
  await patch(one, cancelled, randomBlob(10 * MIB));
  expect((await other.v2(cancelled, { method: 'DELETE' })).status).toBe(204);
  expect((await one.up('acme/app', randomBlob(10 * MIB), sha256(randomBlob()))).status).toBe(400);
  for (const size of [10, 10 * MIB]) await patch(one, await one.start('acme/app'), randomBlob(size));
  for (const inParts of [true, false]) await openDirect(one, randomBlob(9 * MIB), inParts);

  // One process dies with uploads in its hands; the other takes over one of them from the start.
  const bytes = keep(randomBlob(25 * MIB));
  const survivor = await one.start('acme/app');
  const dying = [endless(bytes.subarray(0, 17 * MIB)), endless(randomBlob(12 * MIB)), endless(randomBlob(3 * MIB))];
  const locations = [survivor, await one.start('acme/app'), await one.start('acme/app')];
  const broken = dying.map(({ body }, i) =>
    one.v2(locations[i] ?? '', { method: 'PATCH', body, duplex: 'half' }).catch(() => undefined),
  );
  const isOpen = async () => (await bucket.openUploads()).length >= 2;
  for (const end = Date.now() + 60_000; !(await isOpen()) && Date.now() < end; ) await wait(50);
  await berths[0].kill();
  for (const { letGo } of dying) letGo();
  await Promise.all(broken);
  await berths[0].restart();
  const state = await other.v2(survivor);
  const durable = Number(state.headers.get('range')?.split('-')[1]) + 1;
  const from = durable === 1 ? 0 : durable;
  expect(await patch(other, survivor, bytes.subarray(from))).toBe(202);
  expect((await one.v2(`${survivor}?digest=${sha256(bytes)}`, { method: 'PUT' })).status).toBe(201);

  // As if their time had come; then the worker, which comes by itself. What it deleted before this looked waits for its second time.
  await berths[0].sql(`UPDATE upload_sessions SET expires_at = now(), busy_until = NULL`);
  await vi.waitFor(
    async () => {
      await berths[0].sql(
        'UPDATE object_deletions SET not_before = now(), again_at = NULL WHERE not_before > now() OR again_at > now()',
      );
      expect(await berths[0].sql('SELECT 1 FROM upload_sessions')).toHaveLength(0);
      expect(await berths[0].sql('SELECT 1 FROM object_deletions')).toHaveLength(0);
    },
    { timeout: PATIENCE_MS, interval: 1000 },
  );

  const known = await berths[0].sql<{ object_key: string }>('SELECT object_key FROM blobs');
  expect(known).toHaveLength(kept.length);
  expect(await bucket.keys()).toEqual(known.map(({ object_key }) => object_key).sort());
  expect(await bucket.openUploads()).toEqual([]);
  for (const blob of kept) {
    const name = blob === same ? 'acme/other' : 'acme/app';
    expect((await other.blob(name, sha256(blob))).bytes.equals(blob)).toBe(true);
  }
});

it('a request that was overtaken takes no object along that a blob uses', async () => {
  const [one, other] = clients;
  const bytes = randomBlob(12 * MIB);
  const location = await one.start('acme/app');
  // The first one, at one process, is in the middle of its second part when the same is sent to the other.
  const stuck = endless(randomBlob(10 * MIB));
  const overtaken = one.v2(location, { method: 'PATCH', body: stuck.body, duplex: 'half' }).catch(() => undefined);
  const isUnderWay = async () => (await bucket.openUploads()).length > 0;
  for (const end = Date.now() + 60_000; !(await isUnderWay()) && Date.now() < end; ) await wait(20);
  const put = await other.v2(`${location}?digest=${sha256(bytes)}`, { method: 'PUT', body: bytes });
  stuck.letGo();
  await overtaken;
  // The newer one begins after whatever was acknowledged of the older one: it may be refused, but never half of each.
  if (put.status === 201) {
    const [row] = await berths[0].sql<{ object_key: string }>('SELECT object_key FROM blobs WHERE digest = $1', [
      sha256(bytes),
    ]);
    const queued = await berths[0].sql('SELECT 1 FROM object_deletions WHERE object_key = $1', [row?.object_key]);
    expect(queued).toHaveLength(0);
    expect((await other.blob('acme/app', sha256(bytes))).bytes.equals(bytes)).toBe(true);
  } else expect(put.status).toBe(400);
});
