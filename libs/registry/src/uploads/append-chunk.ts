import type { SessionOwner } from '../ports/upload-sessions.js';
import { BodyWriter, type UploadStorage } from './body-writer.js';
import { MIN_PART_BYTES } from './part-size.js';
import { type SessionWriters, untilSuperseded } from './session-writers.js';
import { announcedLength, boundedChunks, type UploadBody, type UploadLimits } from './upload-body.js';
import { resumeHash } from './upload-hash.js';

/**
 * PATCH of an upload (end-5): appends a body and answers the new offset. Without Content-Range the bytes go to the end.
 * Errors: BLOB_UPLOAD_UNKNOWN, BLOB_UPLOAD_INVALID (416: not the next byte, or overtaken), SIZE_INVALID.
 */
export class AppendChunk {
  constructor(
    private readonly storage: UploadStorage,
    private readonly writers: SessionWriters,
    private readonly limits: UploadLimits,
  ) {}

  async run(owner: SessionOwner, body: UploadBody): Promise<{ offset: number }> {
    const announced = announcedLength(body);
    return this.writers.run(owner.sessionId, async (signal) => {
      const upload = await this.storage.sessions.claim(owner, body.range?.start);
      // Chunks that announce themselves as such, and short ones, come in a row: their hash must survive to the next.
      const isSavable = body.range !== undefined || (announced !== undefined && announced <= MIN_PART_BYTES);
      const hash = await resumeHash(upload, upload.algorithm, isSavable);
      const writer = new BodyWriter(this.storage, upload, hash, true);
      try {
        await writer.write(
          untilSuperseded(boundedChunks(body, upload.offset, this.limits.maxBlobSize), signal),
          announced,
        );
        return { offset: await writer.finishAppend() };
      } finally {
        await writer.close();
      }
    });
  }
}
