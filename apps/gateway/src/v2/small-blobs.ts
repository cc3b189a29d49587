import { Injectable } from '@nestjs/common';
import QuickLRU from 'quick-lru';
import { ReadBlob, type StoredBlob } from '#registry';

const MAX_BYTES = 64 * 1024;
/** 32 MiB at most. */
const MAX_KEPT = 512;

/**
 * Bytes of small blobs, such as image configurations, that many pull at once. Kept by object key, whose bytes never change;
 * whether a repository holds the blob is asked of the database every time before this is asked.
 */
@Injectable()
export class SmallBlobs {
  private readonly kept = new QuickLRU<string, Buffer>({ maxSize: MAX_KEPT });

  constructor(private readonly readBlob: ReadBlob) {}

  /** The whole blob; undefined for one too large to be kept. */
  async read(blob: StoredBlob): Promise<Buffer | undefined> {
    const { objectKey, size } = blob;
    if (size > MAX_BYTES) return undefined;
    const known = this.kept.get(objectKey);
    if (known) return known;
    const bytes = await this.readBlob.verified(blob);
    this.kept.set(objectKey, bytes);
    return bytes;
  }
}
