import { fail } from '#oci';
import type { DirectUpload } from '../ports/direct-uploads.js';
import { directParts, partCountOf } from './direct-parts.js';
import type { DirectStorage } from './direct-storage.js';

/** A part as the client got it acknowledged. */
export interface SentPart {
  number: number;
  etag: string;
}

/**
 * First half of the commit: makes the object of the parts and looks at its size. Safe to repeat.
 * Errors: BLOB_UPLOAD_INVALID when bytes are not there yet, SIZE_INVALID (the session is over then).
 */
export class CompleteDirectUpload {
  constructor(private readonly storage: DirectStorage) {}

  async run(upload: DirectUpload, sent: readonly SentPart[]): Promise<void> {
    const { keeper } = this.storage.signing;
    if (upload.uploadId) {
      const parts = directParts(upload, 1, partCountOf(upload));
      const etags = new Map(sent.map(({ number, etag }) => [number, etag]));
      const lacking = parts.find(({ number }) => !etags.has(number));
      if (lacking || sent.length !== parts.length) {
        fail('BLOB_UPLOAD_INVALID', { reason: `name each of the ${parts.length} parts once`, part: lacking?.number });
      }
      const stored = parts.map(({ number, size }) => ({ number, size, etag: etags.get(number) ?? '' }));
      await keeper.completeMultipart(upload.objectKey, upload.uploadId, stored);
    }
    const size = await keeper.size(upload.objectKey);
    if (size === undefined) fail('BLOB_UPLOAD_INVALID', { reason: 'the bytes are not in the store yet' });
    if (size === upload.size) return;
    await this.storage.sessions.close(upload, undefined);
    fail('SIZE_INVALID', { expected: upload.size, actual: size });
  }
}
