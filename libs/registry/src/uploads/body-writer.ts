import { buffer as readAll } from 'node:stream/consumers';
import type { ObjectKey, ObjectStore, StoredPart } from '../ports/object-store.js';
import type { ClaimedUpload, StoredPiece, UploadSessions, UploadStep } from '../ports/upload-sessions.js';
import type { ByteBudget } from './byte-budget.js';
import { MIN_PART_BYTES } from './part-size.js';
import { superseded } from './session-writers.js';
import type { UploadHash } from './upload-hash.js';

/** Parts of one upload on their way to storage at the same time. */
const PARTS_IN_FLIGHT = 3;

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
  private carried: number;
  private partCount: number;
  private partBytes: number;
  private uploadId: string | undefined;
  private readonly newParts: StoredPart[] = [];
  private readonly inFlight: Array<Promise<void>> = [];

  /** `recordsProgress`: whether each part moves the session's offset (PATCH), or none does before the commit (PUT). */
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
  }

  /** Bytes of the whole upload, this body's included. */
  get size(): number {
    return this.partBytes + this.carried + this.buffered;
  }

  /** Reads the body to its end. `announced` bounds what is reserved for short bodies. */
  async write(chunks: AsyncIterable<Uint8Array>, announced: number | undefined): Promise<void> {
    let remaining = announced ?? Number.POSITIVE_INFINITY;
    if (remaining > 0) await this.reserve(remaining);
    for await (const chunk of chunks) {
      for (let rest = chunk; rest.length > 0; ) {
        if (!this.release) await this.reserve(remaining);
        const taken = rest.subarray(0, MIN_PART_BYTES - this.carried - this.buffered);
        rest = rest.subarray(taken.length);
        remaining -= taken.length;
        this.hash?.update(taken);
        this.buffer.push(taken);
        this.buffered += taken.length;
        if (this.carried + this.buffered === MIN_PART_BYTES) await this.flushPart();
      }
    }
  }

  /** Makes all bytes durable, those short of a part as a piece. */
  async finishAppend(): Promise<number> {
    await this.drain();
    const offset = this.size;
    const hashState = this.hash?.save();
    const bodyDigest = hashState ? undefined : this.hash?.digest();
    const progress = { offset, hashState, bodyDigest };
    if (this.buffered === 0) {
      await this.advance({ progress, isReservationUnused: true });
    } else {
      await this.storage.objects.put(this.upload.reservedKey, this.buffer);
      await this.advance({ progress, piece: { offset: offset - this.buffered, length: this.buffered } });
    }
    return offset;
  }

  /** Makes one object of everything and answers its key. */
  async finishObject(): Promise<ObjectKey> {
    await this.drain();
    const { objects } = this.storage;
    const pieces = this.carried > 0 ? await this.pieces() : [];
    const [only] = pieces;
    if (only && pieces.length === 1 && this.buffered === 0 && this.partCount === 0) return only.objectKey;
    await this.reserve(0);
    const end = [...(await this.readPieces(pieces)), ...this.buffer];
    if (this.uploadId === undefined || this.partCount === 0) {
      await objects.put(this.upload.reservedKey, end);
      return this.upload.reservedKey;
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
    this.release ??= await this.storage.budget.reserve(Math.min(MIN_PART_BYTES, this.carried + remaining));
  }

  private async flushPart(): Promise<void> {
    const joined = this.carried > 0 ? await this.pieces() : [];
    const chunks = [...(await this.readPieces(joined)), ...this.buffer];
    const uploadId = this.uploadId ?? (await this.startMultipart());
    const place = { number: ++this.partCount, offset: this.partBytes };
    this.partBytes += this.carried + this.buffered;
    const progress = { offset: this.partBytes, hashState: this.hash?.save(), bodyDigest: undefined };
    const release = this.release;
    this.buffer = [];
    this.buffered = this.carried = 0;
    this.release = undefined;

    const writing = this.storage.objects.writePart(this.upload.objectKey, uploadId, place, chunks);
    const previous = this.inFlight.at(-1);
    const recording = Promise.all([writing, previous]).then(async ([part]) => {
      if (this.recordsProgress) await this.advance({ progress, part, joined: joined.map((piece) => piece.objectKey) });
      else this.newParts.push(part);
    });
    const settled = recording.finally(() => release?.());
    settled.catch(() => undefined); // awaited below or in drain(); close() waits for the rest
    this.inFlight.push(settled);
    if (this.inFlight.length > PARTS_IN_FLIGHT) await this.inFlight.shift();
  }

  private async startMultipart(): Promise<string> {
    const uploadId = await this.storage.objects.startMultipart(this.upload.objectKey);
    await this.advance({ uploadId });
    this.uploadId = uploadId;
    return uploadId;
  }

  private async drain(): Promise<void> {
    await Promise.all(this.inFlight);
  }

  private async advance(step: UploadStep): Promise<void> {
    if (!(await this.storage.sessions.advance(this.upload, step))) superseded();
  }

  private async pieces(): Promise<StoredPiece[]> {
    return (await this.storage.sessions.contents(this.upload)).pieces;
  }

  private async readPieces(pieces: StoredPiece[]): Promise<Uint8Array[]> {
    const contents: Uint8Array[] = [];
    for (const piece of pieces) contents.push(await readAll(await this.storage.objects.read(piece.objectKey)));
    return contents;
  }
}
