import { buffer as readAll } from 'node:stream/consumers';
import { fail } from '#oci';
import { newObjectKey } from '../object-keys.js';
import type { ObjectKey, ObjectStore, StoredPart } from '../ports/object-store.js';
import type { ClaimedUpload, StoredPiece, UploadSessions, UploadStep } from '../ports/upload-sessions.js';
import type { ByteBudget } from './byte-budget.js';
import { bytesOfPart } from './part-size.js';
import { superseded } from './session-writers.js';
import type { UploadHash } from './upload-hash.js';

/** Parts of one upload on their way to storage at the same time. */
const PARTS_IN_FLIGHT = 3;
/** While others wait for memory, a part that fills more slowly than this gives its memory back. */
const SLOW_PART_MS = 30_000;

/** What a body writer works with; the same for every request. */
export class UploadStorage {
  constructor(
    readonly objects: ObjectStore,
    readonly sessions: UploadSessions,
    readonly budget: ByteBudget,
  ) {}
}

/**
 * Takes one request's bytes to storage. Whole parts go out while the body still arrives; bytes that do not make a part
 * wait in memory, at most one part, and end as a piece (`finishAppend`) or as the object's end (`finishObject`).
 */
export class BodyWriter {
  private buffer: Uint8Array[] = [];
  private buffered = 0;
  private release: (() => void) | undefined;
  private reservedAt = 0;
  /** Bytes that wait in pieces, before those in memory. */
  private carried: number;
  private partCount: number;
  private partBytes: number;
  private uploadId: string | undefined;
  private reservedKey: ObjectKey | undefined;
  private readonly newParts: StoredPart[] = [];
  private readonly newPieces: StoredPiece[] = [];
  private readonly inFlight: Array<Promise<void>> = [];

  /** `recordsProgress`: whether durable bytes move the session's offset (PATCH), or none do before the commit (PUT). */
  constructor(
    private readonly storage: UploadStorage,
    private readonly upload: ClaimedUpload,
    private readonly hash: UploadHash | undefined,
    private readonly recordsProgress: boolean,
  ) {
    this.partCount = upload.partCount;
    this.partBytes = upload.partBytes;
    this.carried = upload.offset - upload.partBytes;
    this.uploadId = upload.uploadId;
    this.reservedKey = upload.reservedKey;
  }

  /** Bytes of the whole upload, this body's included. */
  get size(): number {
    return this.partBytes + this.carried + this.buffered;
  }

  /** Bytes of the part that is being filled. */
  private get partSize(): number {
    return bytesOfPart(this.partCount + 1);
  }

  /** The key that was reserved and not written. */
  get unusedKey(): ObjectKey | undefined {
    return this.reservedKey;
  }

  /** Reads the body to its end. `announced` bounds what is reserved for short bodies. */
  async write(chunks: AsyncIterable<Uint8Array>, announced: number | undefined): Promise<void> {
    let remaining = announced ?? Number.POSITIVE_INFINITY;
    if (remaining > 0) await this.reserve(remaining);
    for await (const chunk of chunks) {
      for (let rest = chunk; rest.length > 0; ) {
        await this.reserve(remaining);
        const taken = rest.subarray(0, this.partSize - this.carried - this.buffered);
        rest = rest.subarray(taken.length);
        remaining -= taken.length;
        this.hash?.update(taken);
        this.buffer.push(taken);
        this.buffered += taken.length;
        if (this.carried + this.buffered === this.partSize) await this.flushPart();
      }
      const isSlow = this.buffered > 0 && Date.now() - this.reservedAt > SLOW_PART_MS;
      if (isSlow && this.storage.budget.isContended) await this.setAside();
    }
  }

  /** Makes all bytes durable, those short of a part as a piece. */
  async finishAppend(): Promise<number> {
    await this.drain();
    const offset = this.size;
    const hashState = this.hash?.save();
    const bodyDigest = hashState ? undefined : this.hash?.digest();
    const progress = { offset, hashState, bodyDigest };
    if (this.buffered > 0) await this.advance({ progress, piece: await this.writePiece(), isLast: true });
    else await this.advance({ progress, ...(this.reservedKey && { unused: this.reservedKey }), isLast: true });
    return offset;
  }

  /** Makes one object of everything and answers its key. */
  async finishObject(): Promise<ObjectKey> {
    await this.drain();
    const { objects } = this.storage;
    const pieces = await this.pieces();
    const [only] = pieces;
    if (only && pieces.length === 1 && this.buffered === 0 && this.partCount === 0) return only.objectKey;
    await this.reserve(0);
    const end = [...(await this.readPieces(pieces)), ...this.buffer];
    if (this.uploadId === undefined || this.partCount === 0) {
      const key = this.takeReservedKey();
      await objects.put(key, end);
      return key;
    }
    const { parts } = await this.storage.sessions.contents(this.upload);
    parts.push(...this.newParts);
    if (end.length > 0) {
      const place = { number: this.partCount + 1, offset: this.partBytes };
      parts.push(await objects.writePart(this.upload.objectKey, this.uploadId, place, end));
    }
    await objects.completeMultipart(this.upload.objectKey, this.uploadId, parts);
    return this.upload.objectKey;
  }

  /** Waits until nothing of this request is being written any more, and gives its memory back; to be called in any case. */
  async close(): Promise<void> {
    await Promise.allSettled(this.inFlight);
    this.release?.();
    this.release = undefined;
  }

  private async reserve(remaining: number): Promise<void> {
    if (this.release) return;
    this.release = await this.storage.budget.reserve(Math.min(this.partSize, this.carried + this.buffered + remaining));
    this.reservedAt = Date.now();
  }

  private async flushPart(): Promise<void> {
    const joined = await this.pieces();
    const chunks = [...(await this.readPieces(joined)), ...this.buffer];
    const uploadId = this.uploadId ?? (await this.startMultipart());
    const place = { number: ++this.partCount, offset: this.partBytes };
    this.partBytes = this.size;
    const progress = { offset: this.partBytes, hashState: this.hash?.save(), bodyDigest: undefined };
    const release = this.release;
    this.buffer = [];
    this.newPieces.length = 0;
    this.buffered = this.carried = 0;
    this.release = undefined;

    const writing = this.storage.objects.writePart(this.upload.objectKey, uploadId, place, chunks);
    const recording = Promise.all([writing, this.inFlight.at(-1)]).then(async ([part]) => {
      if (this.recordsProgress) await this.advance({ progress, part, joined: joined.map((piece) => piece.objectKey) });
      else this.newParts.push(part);
    });
    const settled = recording.finally(() => release?.());
    settled.catch(() => undefined); // awaited below or in drain(); close() waits for the rest
    this.inFlight.push(settled);
    if (this.inFlight.length > PARTS_IN_FLIGHT) await this.inFlight.shift();
  }

  /** Writes what is in memory out as a piece, although the body goes on. */
  private async setAside(): Promise<void> {
    await this.drain();
    const progress = { offset: this.size, hashState: this.hash?.save(), bodyDigest: undefined };
    const piece = await this.writePiece();
    const reserve = newObjectKey();
    await this.advance({ ...(this.recordsProgress && { progress, piece }), reserve });
    this.reservedKey = reserve;
    this.newPieces.push(piece);
    this.carried += this.buffered;
    this.buffer = [];
    this.buffered = 0;
    this.release?.();
    this.release = undefined;
  }

  private async writePiece(): Promise<StoredPiece> {
    const piece = { offset: this.size - this.buffered, length: this.buffered, objectKey: this.takeReservedKey() };
    await this.storage.objects.put(piece.objectKey, this.buffer);
    return piece;
  }

  /** The key is in a row already; from here on it counts as written. */
  private takeReservedKey(): ObjectKey {
    const key = this.reservedKey;
    if (key === undefined) throw new Error('a key was reserved for one object only');
    this.reservedKey = undefined;
    return key;
  }

  private async startMultipart(): Promise<string> {
    await this.advance({ startsMultipart: true });
    const uploadId = await this.storage.objects.startMultipart(this.upload.objectKey);
    await this.advance({ uploadId });
    this.uploadId = uploadId;
    return uploadId;
  }

  private async drain(): Promise<void> {
    await Promise.all(this.inFlight);
  }

  private async advance(step: UploadStep): Promise<void> {
    const { sessions } = this.storage;
    if (await sessions.advance(this.upload, step)) return;
    // Taken by a newer request, or ended by a DELETE.
    if (await sessions.find(this.upload)) superseded();
    fail('BLOB_UPLOAD_UNKNOWN', { upload: this.upload.sessionId });
  }

  /** Pieces that no part holds yet, in order. */
  private async pieces(): Promise<StoredPiece[]> {
    if (this.carried === 0) return [];
    const { pieces } = await this.storage.sessions.contents(this.upload);
    return this.recordsProgress
      ? pieces
      : [...pieces.filter((piece) => piece.offset >= this.partBytes), ...this.newPieces];
  }

  private async readPieces(pieces: StoredPiece[]): Promise<Uint8Array[]> {
    const contents: Uint8Array[] = [];
    for (const piece of pieces) contents.push(await readAll(await this.storage.objects.read(piece.objectKey)));
    return contents;
  }
}
