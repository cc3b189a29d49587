import { randomBytes } from 'node:crypto';
import { Readable } from 'node:stream';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type ObjectKey, ObjectStore, type PartPlace, type StoredPart } from '../ports/object-store.js';
import type { ClaimedUpload, StoredPiece, UploadSessions, UploadStep } from '../ports/upload-sessions.js';
import { BodyWriter, UploadStorage } from './body-writer.js';
import { ByteBudget } from './byte-budget.js';
import { MIN_PART_BYTES } from './part-size.js';

/** Objects in memory; only what a body writer asks for. */
class MemoryObjects extends ObjectStore {
  readonly objects = new Map<ObjectKey, Buffer>();
  readonly parts = new Map<number, Buffer>();

  override async put(key: ObjectKey, chunks: readonly Uint8Array[]): Promise<void> {
    this.objects.set(key, Buffer.concat(chunks));
  }
  override async startMultipart(): Promise<string> {
    return 'upload';
  }
  override async writePart(
    _key: ObjectKey,
    _id: string,
    { number }: PartPlace,
    chunks: Uint8Array[],
  ): Promise<StoredPart> {
    const bytes = Buffer.concat(chunks);
    this.parts.set(number, bytes);
    return { number, size: bytes.length, etag: String(number) };
  }
  override async completeMultipart(key: ObjectKey, _id: string, parts: readonly StoredPart[]): Promise<void> {
    this.objects.set(key, Buffer.concat(parts.map(({ number }) => this.parts.get(number) ?? Buffer.alloc(0))));
  }
  override async size(key: ObjectKey): Promise<number | undefined> {
    return this.objects.get(key)?.length;
  }
  override async read(key: ObjectKey): Promise<Readable> {
    return Readable.from([this.objects.get(key) ?? Buffer.alloc(0)]);
  }
}

/** Records steps as the database would. */
class MemorySession {
  readonly steps: UploadStep[] = [];
  readonly parts: StoredPart[] = [];
  pieces: StoredPiece[] = [];
  isTaken = false;

  async advance(_upload: ClaimedUpload, step: UploadStep): Promise<boolean> {
    if (this.isTaken) return false;
    this.steps.push(step);
    if (step.part) this.parts.push(step.part);
    if (step.piece) this.pieces.push(step.piece);
    this.pieces = this.pieces.filter(({ objectKey }) => !step.joined?.includes(objectKey));
    return true;
  }
  async find(): Promise<{ offset: number } | undefined> {
    return { offset: 0 };
  }
  async contents(): Promise<{ parts: StoredPart[]; pieces: StoredPiece[] }> {
    return { parts: [...this.parts], pieces: [...this.pieces] };
  }
}

const upload: ClaimedUpload = {
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
};

async function* chunksOf(bytes: Buffer, size = 64 * 1024, between = () => {}): AsyncGenerator<Uint8Array> {
  for (let i = 0; i < bytes.length; i += size) {
    yield bytes.subarray(i, i + size);
    between();
  }
}

let objects: MemoryObjects;
let session: MemorySession;
let budget: ByteBudget;
let storage: UploadStorage;
beforeEach(() => {
  objects = new MemoryObjects();
  session = new MemorySession();
  budget = new ByteBudget(MIN_PART_BYTES);
  storage = new UploadStorage(objects, session as unknown as UploadSessions, budget);
});

describe('a PUT', () => {
  it.each([0, 1, 100_000, MIN_PART_BYTES, MIN_PART_BYTES + 1, 2 * MIN_PART_BYTES + 77])(
    'makes one object of %i bytes',
    async (size) => {
      const bytes = randomBytes(size);
      const writer = new BodyWriter(storage, upload, undefined, false);
      await writer.write(chunksOf(bytes), undefined);
      const key = await writer.finishObject();
      await writer.close();
      expect(objects.objects.get(key)?.equals(bytes)).toBe(true);
      expect(writer.size).toBe(size);
      expect(session.steps.every((step) => step.progress === undefined)).toBe(true);
    },
  );
});

describe('a PATCH', () => {
  it('makes parts durable in order and the rest a piece', async () => {
    const bytes = randomBytes(2 * MIN_PART_BYTES + 77);
    const writer = new BodyWriter(storage, upload, undefined, true);
    await writer.write(chunksOf(bytes), undefined);
    expect(await writer.finishAppend()).toBe(bytes.length);
    const offsets = session.steps.flatMap(({ progress }) => (progress ? [progress.offset] : []));
    expect(offsets).toEqual([MIN_PART_BYTES, 2 * MIN_PART_BYTES, bytes.length]);
    expect(session.pieces).toEqual([{ offset: 2 * MIN_PART_BYTES, length: 77, objectKey: 'reserved' }]);
  });

  it('stops when a newer request owns the session', async () => {
    const writer = new BodyWriter(storage, upload, undefined, true);
    await writer.write(chunksOf(randomBytes(100)), undefined);
    session.isTaken = true;
    await expect(writer.finishAppend()).rejects.toMatchObject({ code: 'BLOB_UPLOAD_INVALID', status: 416 });
  });
});

describe('a slow body', () => {
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['Date'] });
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  it.each([true, false])('gives its memory back while others wait, and loses no byte (PATCH: %s)', async (isPatch) => {
    const bytes = randomBytes(300_000);
    const writer = new BodyWriter(storage, upload, undefined, isPatch);
    let other: Promise<void> | undefined;
    const slowly = chunksOf(bytes, 100_000, () => {
      other ??= budget.reserve(MIN_PART_BYTES).then((release) => release());
      vi.setSystemTime(Date.now() + 31_000);
    });
    await writer.write(slowly, undefined);
    await other;
    if (isPatch) {
      expect(await writer.finishAppend()).toBe(bytes.length);
      const pieces = session.pieces.map(({ objectKey }) => objects.objects.get(objectKey) ?? Buffer.alloc(0));
      expect(Buffer.concat(pieces).equals(bytes)).toBe(true);
    } else {
      const key = await writer.finishObject();
      expect(objects.objects.get(key)?.equals(bytes)).toBe(true);
    }
    await writer.close();
    expect(new Set(objects.objects.keys()).size).toBeGreaterThan(1);
  });
});
