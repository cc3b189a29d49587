import { algorithmOf } from '#oci';
import type { DirectUpload } from '../ports/direct-uploads.js';
import type { HashProgress } from '../ports/object-hasher.js';
import type { ClaimedUpload, SessionOwner } from '../ports/upload-sessions.js';
import { savableHash } from '../uploads/upload-hash.js';
import type { DirectStorage } from './direct-storage.js';

/** Hashed at a time; what a restart loses. */
const STRETCH_BYTES = 64 * 1024 * 1024;

/**
 * Second half of the commit: verifies the object and makes it the blob. What the store verified already is not read; the
 * rest is hashed near the store, stretch by stretch, each recorded, so that another process can go on.
 * Does nothing while somebody else verifies it.
 */
export class VerifyDirectUpload {
  constructor(private readonly storage: DirectStorage) {}

  async run(owner: SessionOwner, signal: AbortSignal): Promise<void> {
    const { uploads, sessions } = this.storage;
    const upload = await uploads.beginVerifying(owner);
    if (!upload) return;
    try {
      const { digest, size, objectKey } = upload;
      const isVerified = upload.sha256 !== undefined && digest === `sha256:${upload.sha256}`;
      const hashed = isVerified ? undefined : await this.hash(upload, signal);
      if (hashed) {
        const actual = (await savableHash(algorithmOf(digest), hashed.state)).digest();
        if (actual !== digest) return await uploads.fail(upload, actual);
      } else if (!isVerified) return;
      await sessions.commit(claimed(upload), { digest, size, objectKey }, undefined);
    } catch (error) {
      await uploads.release(upload);
      throw error;
    }
  }

  /** Undefined when it stopped: somebody else has the upload, or this process ends. */
  private async hash(upload: DirectUpload, signal: AbortSignal): Promise<HashProgress | undefined> {
    const { uploads, hasher } = this.storage;
    let { hashed } = upload;
    while (hashed.offset < upload.size) {
      if (signal.aborted) {
        await uploads.release(upload);
        return undefined;
      }
      const before = hashed.offset;
      hashed = await hasher.hash(upload.objectKey, algorithmOf(upload.digest), hashed, STRETCH_BYTES);
      if (hashed.offset === before) throw new Error(`object ${upload.objectKey} ended after ${before} bytes`);
      if (!(await uploads.recordHashed(upload, hashed))) return undefined;
    }
    return hashed;
  }
}

/** The session as a commit takes it. It has neither parts nor pieces of its own: the object is whole. */
const claimed = ({ sessionId, packageId, principal, generation, digest, objectKey }: DirectUpload): ClaimedUpload => ({
  ...{ sessionId, packageId, principal, generation, objectKey },
  algorithm: algorithmOf(digest),
  offset: 0,
  hashState: undefined,
  bodyDigest: undefined,
  uploadId: undefined,
  partCount: 0,
  partBytes: 0,
  reservedKey: objectKey,
  isRepeat: true,
});
