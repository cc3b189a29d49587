import type { Readable } from 'node:stream';
import type { ByteRange } from '#oci';
import type { BlobIndex, StoredBlob } from '../ports/blob-index.js';
import { ObjectMissingError, type ObjectStore } from '../ports/object-store.js';

/**
 * Bytes of a blob that the database knows. One whose object is gone from the store is noted as missing, so that the next
 * push of its digest brings an object instead of trusting in that one. Errors: ObjectMissingError.
 */
export class ReadBlob {
  constructor(
    private readonly objects: ObjectStore,
    private readonly blobs: BlobIndex,
  ) {}

  async run({ objectKey }: StoredBlob, range?: ByteRange): Promise<Readable> {
    try {
      return await this.objects.read(objectKey, range);
    } catch (error) {
      if (error instanceof ObjectMissingError) await this.blobs.markMissing(objectKey);
      throw error;
    }
  }

  /** As `run`, where somebody else will read. */
  async assertPresent({ objectKey }: StoredBlob): Promise<void> {
    if ((await this.objects.size(objectKey)) !== undefined) return;
    await this.blobs.markMissing(objectKey);
    throw new ObjectMissingError(objectKey);
  }
}
