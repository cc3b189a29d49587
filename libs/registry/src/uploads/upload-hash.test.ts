import { createHash, randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import type { DigestAlgorithm } from '#oci';
import type { ClaimedUpload } from '../ports/upload-sessions.js';
import { digestOf, finishedDigest, resumeHash } from './upload-hash.js';

const ALGORITHMS: DigestAlgorithm[] = ['sha256', 'sha512'];
const digest = (algorithm: DigestAlgorithm, bytes: Uint8Array) =>
  `${algorithm}:${createHash(algorithm).update(bytes).digest('hex')}`;

/** A session as one request takes it over: `offset` bytes are durable. */
const session = (more: Partial<ClaimedUpload> = {}): ClaimedUpload => ({
  sessionId: 'session',
  packageId: 1,
  principal: 'user:1',
  generation: 1,
  offset: 0,
  algorithm: 'sha256',
  hashState: undefined,
  bodyDigest: undefined,
  objectKey: 'object',
  uploadId: undefined,
  partCount: 0,
  partBytes: 0,
  reservedKey: 'reserved',
  isRepeat: false,
  ...more,
});

describe.each(ALGORITHMS)('%s', (algorithm) => {
  it.each([true, false])('hashes what it is given (savable: %s)', async (isSavable) => {
    const bytes = randomBytes(100_001);
    const hash = await resumeHash(session({ algorithm }), algorithm, isSavable);
    for (let i = 0; i < bytes.length; i += 1000) hash?.update(bytes.subarray(i, i + 1000));
    expect(hash?.algorithm).toBe(algorithm);
    expect(hash?.digest()).toBe(digest(algorithm, bytes));
  });

  it.each([true, false])('knows the digest of nothing (savable: %s)', async (isSavable) => {
    const hash = await resumeHash(session({ algorithm }), algorithm, isSavable);
    expect(hash?.digest()).toBe(digest(algorithm, Buffer.alloc(0)));
  });

  it('goes on in another request from any byte', async () => {
    // Around the block of either algorithm: what does not fill one is part of the state.
    const bytes = randomBytes(1000);
    for (const at of [1, 55, 56, 63, 64, 65, 111, 112, 127, 128, 129, 500, 999]) {
      const first = await resumeHash(session({ algorithm }), algorithm, true);
      first?.update(bytes.subarray(0, at));
      const hashState = first?.save();
      const taken = session({ algorithm, offset: at, hashState });
      const second = await resumeHash(taken, algorithm, true);
      second?.update(bytes.subarray(at));
      expect(second?.digest()).toBe(digest(algorithm, bytes));
      expect(await finishedDigest(taken, algorithm)).toBe(digest(algorithm, bytes.subarray(0, at)));
    }
  });

  it('saves a state that later bytes do not change', async () => {
    const hash = await resumeHash(session({ algorithm }), algorithm, true);
    hash?.update(Buffer.from('abc'));
    const hashState = hash?.save();
    const before = Buffer.from(hashState ?? []).toString('hex');
    hash?.update(randomBytes(1000));
    expect(Buffer.from(hashState ?? []).toString('hex')).toBe(before);
    const resumed = await resumeHash(session({ algorithm, offset: 3, hashState }), algorithm, true);
    expect(resumed?.digest()).toBe(digest(algorithm, Buffer.from('abc')));
  });

  it('hashes a stream', async () => {
    const bytes = randomBytes(300_000);
    const chunks = (async function* () {
      for (let i = 0; i < bytes.length; i += 7777) yield bytes.subarray(i, i + 7777);
    })();
    expect(await digestOf(chunks, algorithm)).toBe(digest(algorithm, bytes));
  });
});

it('keeps two uploads at once apart', async () => {
  const [a, b] = await Promise.all([1, 2].map(() => resumeHash(session(), 'sha256', true)));
  a?.update(Buffer.from('a'));
  b?.update(Buffer.from('b'));
  expect(a?.digest()).toBe(digest('sha256', Buffer.from('a')));
  expect(b?.digest()).toBe(digest('sha256', Buffer.from('b')));
});

it('cannot save the fast hash', async () => {
  expect((await resumeHash(session(), 'sha256', false))?.save()).toBeUndefined();
});

describe('what was hashed before and is lost', () => {
  it.each<[string, Partial<ClaimedUpload>]>([
    ['without a state', {}],
    ['with the state of another algorithm', { algorithm: 'sha512', hashState: new Uint8Array(212) }],
    ['with only the digest so far', { bodyDigest: `sha256:${'a'.repeat(64)}` }],
  ])('is hashed from storage: %s', async (_, more) => {
    expect(await resumeHash(session({ offset: 10, ...more }), 'sha256', true)).toBeUndefined();
  });

  it('has no digest at its end', async () => {
    expect(await finishedDigest(session({ offset: 10 }), 'sha256')).toBeUndefined();
  });
});

describe('the digest at the end', () => {
  const bodyDigest = `sha256:${'a'.repeat(64)}` as const;

  it('is the one that the last body left', async () => {
    expect(await finishedDigest(session({ offset: 10, bodyDigest }), 'sha256')).toBe(bodyDigest);
  });

  it('is not one of another algorithm', async () => {
    expect(await finishedDigest(session({ offset: 10, bodyDigest }), 'sha512')).toBeUndefined();
  });

  it('of no bytes is known without reading', async () => {
    expect(await finishedDigest(session(), 'sha256')).toBe(digest('sha256', Buffer.alloc(0)));
  });
});
