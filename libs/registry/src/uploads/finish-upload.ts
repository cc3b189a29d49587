import { algorithmOf, type Digest, fail } from '#oci';
import type { StoredBlob } from '../ports/blob-index.js';
import type { ClaimedUpload, SessionOwner } from '../ports/upload-sessions.js';
import { BodyWriter, type UploadStorage } from './body-writer.js';
import { type SessionWriters, untilSuperseded } from './session-writers.js';
import { announcedLength, boundedChunks, type UploadBody, type UploadLimits } from './upload-body.js';
import { digestOf, finishedDigest, resumeHash } from './upload-hash.js';

/**
 * PUT of an upload (end-6): takes the last bytes if there are any, makes one object, verifies it and makes it the blob.
 * Repeating it is safe. Errors: BLOB_UPLOAD_UNKNOWN, BLOB_UPLOAD_INVALID (416), SIZE_INVALID,
 * DIGEST_INVALID (the session is over then, unless a newer request has it).
 */
export class FinishUpload {
  constructor(
    private readonly storage: UploadStorage,
    private readonly writers: SessionWriters,
    private readonly limits: UploadLimits,
  ) {}

  async run(owner: SessionOwner, digest: Digest, body: UploadBody): Promise<void> {
    const announced = announcedLength(body);
    await this.writers.run(owner.sessionId, async (signal) => {
      const upload = await this.storage.sessions.beginCommit(owner, digest, body.range?.start);
      if (upload === 'done') return;
      if (upload.isRepeat && (await this.finishRepeated(upload, digest))) return;
      const hash = announced === 0 ? undefined : await resumeHash(upload, algorithmOf(digest), false);
      const writer = new BodyWriter(this.storage, upload, hash, false);
      try {
        await writer.write(
          untilSuperseded(boundedChunks(body, upload.offset, this.limits.maxBlobSize), signal),
          announced,
        );
        const size = writer.size;
        const objectKey = await writer.finishObject();
        const streamed = size === upload.offset ? await finishedDigest(upload, algorithmOf(digest)) : hash?.digest();
        await this.verify(upload, { digest, size, objectKey }, streamed);
        await this.storage.sessions.commit(upload, { digest, size, objectKey }, writer.unusedKey);
      } finally {
        await writer.close();
      }
    });
  }

  /**
   * An earlier request may have made the object of the session's parts and died before it became the blob; then the parts
   * are no more, and the object is what there is to verify.
   */
  private async finishRepeated(upload: ClaimedUpload, digest: Digest): Promise<boolean> {
    const { objectKey, uploadId } = upload;
    const size = uploadId === undefined ? undefined : await this.storage.objects.size(objectKey);
    if (size === undefined) return false;
    await this.verify(upload, { digest, size, objectKey }, undefined);
    await this.storage.sessions.commit(upload, { digest, size, objectKey }, upload.reservedKey);
    return true;
  }

  /** The store must hold as many bytes as were sent, and they must hash to the digest, read back where they were not hashed on the way. */
  private async verify(upload: ClaimedUpload, blob: StoredBlob, streamed: Digest | undefined): Promise<void> {
    const { objects, sessions } = this.storage;
    const stored = await objects.size(blob.objectKey);
    if (stored !== blob.size) {
      throw new Error(`object ${blob.objectKey} has ${stored ?? 'no'} bytes after ${blob.size} were written`);
    }
    const actual = streamed ?? (await digestOf(await objects.read(blob.objectKey), algorithmOf(blob.digest)));
    if (actual !== blob.digest) {
      await sessions.close(upload, upload.generation);
      fail('DIGEST_INVALID', { expected: blob.digest, actual });
    }
  }
}
