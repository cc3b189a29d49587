import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { algorithmOf, type ByteRange } from '#oci';
import type { BlobIndex, StoredBlob } from '../ports/blob-index.js';
import { ObjectMissingError, type ObjectStore } from '../ports/object-store.js';

/**
 * Bytes of a blob that the database knows. One whose object is gone from the store, cut or damaged is noted as missing, so that
 * nobody is given it again and the next push of its digest brings an object instead of trusting in that one.
 * Errors: ObjectMissingError.
 */
export class ReadBlob {
  constructor(
    private readonly objects: ObjectStore,
    private readonly blobs: BlobIndex,
  ) {}

  /** Where the object turns out to be cut, the stream breaks off. */
  async run(blob: StoredBlob, range?: ByteRange): Promise<Readable> {
    const bytes = await this.open(blob, range);
    const length = range ? range.end - range.start + 1 : blob.size;
    return Readable.from(this.whole(bytes, blob, length), {
      objectMode: false,
      highWaterMark: bytes.readableHighWaterMark,
    });
  }

  /** All bytes of a small blob, compared with its digest. */
  async verified(blob: StoredBlob): Promise<Buffer> {
    const bytes = await buffer(await this.open(blob, undefined));
    const algorithm = algorithmOf(blob.digest);
    if (`${algorithm}:${createHash(algorithm).update(bytes).digest('hex')}` === blob.digest) return bytes;
    return this.missing(blob);
  }

  /** As `run`, where somebody else will read. */
  async assertPresent(blob: StoredBlob): Promise<void> {
    if ((await this.objects.size(blob.objectKey)) !== blob.size) await this.missing(blob);
  }

  private async open(blob: StoredBlob, range: ByteRange | undefined): Promise<Readable> {
    try {
      return await this.objects.read(blob.objectKey, range);
    } catch (error) {
      if (error instanceof ObjectMissingError) return this.missing(blob);
      // A store refuses a range that begins behind the end of an object that was cut.
      if (range && (await this.objects.size(blob.objectKey)) !== blob.size) return this.missing(blob);
      throw error;
    }
  }

  private async *whole(bytes: Readable, blob: StoredBlob, length: number): AsyncGenerator<Uint8Array> {
    let left = length;
    for await (const chunk of bytes as AsyncIterable<Uint8Array>) {
      left -= chunk.length;
      yield chunk;
    }
    if (left !== 0) await this.missing(blob);
  }

  private async missing({ objectKey }: StoredBlob): Promise<never> {
    await this.blobs.markMissing(objectKey);
    throw new ObjectMissingError(objectKey);
  }
}
