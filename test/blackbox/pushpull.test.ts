// Pushes and pulls in every form, whole and interrupted: what was acknowledged is there, byte for byte.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startBerth, type TestBerth } from '../support/berth.js';
import {
  type Accounts,
  createAccounts,
  E,
  encode,
  image,
  index,
  randomBlob,
  sha256,
  sha512,
} from '../support/client.js';
import { chunk, RawConnection } from '../support/raw.js';

const MIB = 1024 * 1024;
/** Several parts and a rest. */
const BIG = 40 * MIB + 12_345;
const PART = 8 * MIB;

let berth: TestBerth;
let accounts: Accounts;

beforeAll(async () => {
  berth = await startBerth();
  accounts = await createAccounts(berth);
});

afterAll(async () => {
  await berth.stop();
});

const pusher = () => accounts.pusher;
const patch = (location: string, body: Uint8Array, headers: Record<string, string> = {}) =>
  pusher().v2(location, { method: 'PATCH', body, headers });
const finish = (location: string, digest: string, body?: Uint8Array, headers: Record<string, string> = {}) =>
  pusher().v2(`${location}?digest=${digest}`, { method: 'PUT', headers, ...(body && { body }) });

/** Durable bytes, as Berth tells them. */
async function offsetOf(location: string): Promise<number> {
  const answer = await pusher().v2(location);
  expect(answer.status).toBe(204);
  const end = Number(answer.headers.get('range')?.split('-')[1]);
  return end === 0 ? 0 : end + 1;
}

async function expectStored(bytes: Buffer, digest = sha256(bytes)): Promise<void> {
  const { status, bytes: stored } = await pusher().blob('acme/app', digest);
  expect(status).toBe(200);
  expect(stored.equals(bytes)).toBe(true);
}

/** A body in chunked transfer coding, as docker sends layers. */
async function* inPieces(bytes: Buffer, size: number): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

describe.each([
  ['no bytes', 0],
  ['one byte', 1],
  ['a KiB', 1024],
  ['just a part', PART],
  ['a part and a byte', PART + 1],
  ['40 MB', BIG],
])('%s', (_, size) => {
  it('by POST alone', async () => {
    const bytes = randomBlob(size);
    const answer = await pusher().v2(`/v2/acme/app/blobs/uploads/?digest=${sha256(bytes)}`, {
      method: 'POST',
      body: bytes,
    });
    expect([answer.status, answer.headers.get('location')]).toEqual([201, `/v2/acme/app/blobs/${sha256(bytes)}`]);
    await expectStored(bytes);
  });

  it('by POST and PUT', async () => {
    const bytes = randomBlob(size);
    expect((await finish(await pusher().start('acme/app'), sha256(bytes), bytes)).status).toBe(201);
    await expectStored(bytes);
  });

  it('by one PATCH of unknown length and an empty PUT', async () => {
    const bytes = randomBlob(size);
    const location = await pusher().start('acme/app');
    const answer = await pusher().v2(location, {
      method: 'PATCH',
      body: inPieces(bytes, 100_000) as never,
      duplex: 'half',
    });
    expect([answer.status, answer.headers.get('range')]).toEqual([202, `0-${Math.max(0, size - 1)}`]);
    expect((await finish(location, sha256(bytes))).status).toBe(201);
    await expectStored(bytes);
  });

  it('in chunks, the last one in the PUT', async () => {
    const bytes = randomBlob(size);
    const location = await pusher().start('acme/app');
    const step = 3 * MIB + 7;
    let at = 0;
    for (; at + step < size; at += step) {
      const body = bytes.subarray(at, at + step);
      const answer = await patch(location, body, { 'content-range': `${at}-${at + step - 1}` });
      expect([answer.status, answer.headers.get('range')]).toEqual([202, `0-${at + step - 1}`]);
    }
    const rest = bytes.subarray(at);
    const headers: Record<string, string> = rest.length > 0 ? { 'content-range': `${at}-${size - 1}` } : {};
    expect((await finish(location, sha256(bytes), rest, headers)).status).toBe(201);
    await expectStored(bytes);
  });

  it('by sha512, in two PATCHes', async () => {
    const bytes = randomBlob(size);
    const opened = await pusher().v2('/v2/acme/app/blobs/uploads/?digest-algorithm=sha512', { method: 'POST' });
    const location = opened.headers.get('location') ?? '';
    const half = Math.floor(size / 2);
    for (const body of [bytes.subarray(0, half), bytes.subarray(half)])
      expect((await patch(location, body)).status).toBe(202);
    expect((await finish(location, sha512(bytes))).status).toBe(201);
    await expectStored(bytes, sha512(bytes));
  });
});

it('stays small while eight of 40 MB arrive at once', async () => {
  const before = await berth.residentBytes();
  const blobs = Array.from({ length: 8 }, () => randomBlob(BIG));
  const statuses = await Promise.all(blobs.map(async (bytes) => (await pusher().up('acme/app', bytes)).status));
  expect(statuses).toEqual(Array(8).fill(201));
  expect((await berth.residentBytes()) - before).toBeLessThan(256 * MIB);
  for (const bytes of blobs) await expectStored(bytes);
});

describe('a connection that breaks', () => {
  /** Sends the beginning of a body and breaks off once some of it is durable. */
  async function breakOff(location: string, bytes: Buffer, how: 'reset' | 'kill'): Promise<number> {
    const connection = await RawConnection.open(berth);
    const headers = { Authorization: `Bearer ${await pusher().bearerFor(location)}`, 'Transfer-Encoding': 'chunked' };
    await connection.send({ method: 'PATCH', path: location, headers });
    for await (const piece of inPieces(bytes.subarray(0, 30 * MIB), MIB)) await connection.write(chunk(piece));
    await expect.poll(() => offsetOf(location), { timeout: 50_000 }).toBeGreaterThanOrEqual(2 * PART);
    if (how === 'kill') {
      await berth.kill();
      await berth.restart();
    } else connection.socket.resetAndDestroy();
    connection.destroy();
    return offsetOf(location);
  }

  /** A part that was on its way when the connection broke may still land behind the look: the 416 says to look again. */
  async function resume(location: string, bytes: Buffer): Promise<Response> {
    const offset = await offsetOf(location);
    const answer = await patch(location, bytes.subarray(offset), { 'content-range': `${offset}-${bytes.length - 1}` });
    return answer.status === 416 ? resume(location, bytes) : answer;
  }

  it.each(['reset', 'kill'] as const)('in mid PATCH (%s) loses nothing that was durable', async (how) => {
    const bytes = randomBlob(BIG);
    const location = await pusher().start('acme/app');
    const kept = await breakOff(location, bytes, how);
    expect(kept).toBeLessThan(bytes.length);
    const answer = await resume(location, bytes);
    expect([answer.status, answer.headers.get('range')]).toEqual([202, `0-${bytes.length - 1}`]);
    expect((await finish(location, sha256(bytes))).status).toBe(201);
    await expectStored(bytes);
  });

  it('in mid PUT leaves the upload as it was', async () => {
    const bytes = randomBlob(2 * PART);
    const location = await pusher().start('acme/app');
    expect((await patch(location, bytes.subarray(0, 1000))).status).toBe(202);
    const connection = await RawConnection.open(berth);
    const headers = {
      Authorization: `Bearer ${await pusher().bearerFor(location)}`,
      'Content-Length': String(bytes.length - 1000),
    };
    await connection.send({ method: 'PUT', path: `${location}?digest=${sha256(bytes)}`, headers });
    await connection.write(bytes.subarray(1000, 9 * MIB));
    connection.socket.resetAndDestroy();
    expect(await offsetOf(location)).toBe(1000);
    expect((await finish(location, sha256(bytes), bytes.subarray(1000))).status).toBe(201);
    await expectStored(bytes);
  });
});

describe('SIGKILL and a new start', () => {
  it('goes on with a chunked upload where it stood', async () => {
    const bytes = randomBlob(20 * MIB);
    const location = await pusher().start('acme/app');
    const step = 5 * MIB;
    for (let at = 0; at < bytes.length; at += step) {
      const answer = await patch(location, bytes.subarray(at, at + step), {
        'content-range': `${at}-${at + step - 1}`,
      });
      expect([answer.status, answer.headers.get('range')]).toEqual([202, `0-${at + step - 1}`]);
      await berth.kill();
      await berth.restart();
      expect(await offsetOf(location)).toBe(at + step);
    }
    expect((await finish(location, sha256(bytes))).status).toBe(201);
    await berth.kill();
    await berth.restart();
    await expectStored(bytes);
    expect((await finish(location, sha256(bytes))).status, 'the lost answer, asked for again').toBe(201);
  });

  it('keeps all that was acknowledged', async () => {
    const small = Array.from({ length: 10 }, (_, i) => randomBlob(1 + i * 1000));
    const large = randomBlob(BIG);
    for (const blob of [E, ...small]) expect((await pusher().up('acme/kept', blob)).status).toBe(201);
    const child = image(small);
    const idx = index([child]);
    const puts: Array<[string, ReturnType<typeof image>]> = [
      [sha256(encode(child)), child],
      ['latest', idx],
      ['child', child],
    ];
    for (const [reference, document] of puts)
      expect((await pusher().put('acme/kept', reference, document)).status).toBe(201);
    // killed right behind its answer, while another upload is on its way
    const running = pusher()
      .up('acme/kept', randomBlob(BIG))
      .catch(() => undefined);
    expect((await pusher().up('acme/kept', large)).status).toBe(201);
    await berth.kill();
    await running;
    await berth.restart();
    for (const blob of [E, ...small, large]) {
      expect((await pusher().blob('acme/kept', sha256(blob))).bytes.equals(blob)).toBe(true);
    }
    for (const [reference, document] of puts) {
      expect(await (await pusher().v2(`/v2/acme/kept/manifests/${reference}`)).text()).toBe(
        encode(document).toString(),
      );
    }
    const tags = await (await pusher().v2('/v2/acme/kept/tags/list')).json();
    expect(tags).toEqual({ name: 'acme/kept', tags: ['child', 'latest'] });
  });

  it('honours tokens that were issued before', async () => {
    const headers = { authorization: `Bearer ${await pusher().bearerFor('/v2/acme/kept/tags/list')}` };
    await berth.kill();
    await berth.restart();
    expect((await pusher().v2('/v2/acme/kept/tags/list', { headers })).status).toBe(200);
  });
});
