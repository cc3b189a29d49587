import type { Digest } from '#oci';
import type { Actor } from '../repository.js';
import type { HashProgress } from './object-hasher.js';
import type { ObjectKey } from './object-store.js';
import type { SessionOwner } from './upload-sessions.js';

/** How the bytes of a direct upload will come. */
export interface DirectPlan {
  digest: Digest;
  size: number;
  /** SHA-256 in hexadecimal: one PUT that the store verifies. Undefined: in parts. */
  sha256: string | undefined;
  /** Bytes of every part but the last. */
  partSize: number | undefined;
}

/** An upload whose bytes the client itself brings to the object store. */
export interface DirectUpload extends SessionOwner, DirectPlan {
  /** Open: bytes may come. Completing: they are there, and being verified. Failed: they were others. */
  state: 'open' | 'completing' | 'done' | 'failed';
  generation: number;
  objectKey: ObjectKey;
  /** Of the multipart upload, where the bytes come in parts. */
  uploadId: string | undefined;
  hashed: HashProgress;
  /** Somebody is verifying it now. */
  isBusy: boolean;
  /** What the bytes hash to, of an upload that failed. */
  actual: Digest | undefined;
}

/**
 * Direct uploads between opening and commit. They are upload sessions: cancelling (`UploadSessions.close`), expiry and the
 * commit itself (`UploadSessions.commit`) are the same, but no request under /blobs/uploads/ finds them.
 */
export abstract class DirectUploads {
  /** Opens a session; its row says that the object, or an upload under its key, may exist from here on. */
  abstract open(packageId: number, actor: Actor, plan: DirectPlan): Promise<DirectUpload>;

  /** Records the multipart upload. False when the session was closed meanwhile: the upload is queued for an abort. */
  abstract recordMultipart(upload: DirectUpload, uploadId: string): Promise<boolean>;

  /** The session; undefined when it is unknown, cancelled, expired or somebody else's. */
  abstract find(owner: SessionOwner): Promise<DirectUpload | undefined>;

  /**
   * Takes the session for verifying, for two minutes from each `recordHashed`. Undefined while somebody else has it, and when
   * it is neither open nor completing.
   */
  abstract beginVerifying(owner: SessionOwner): Promise<DirectUpload | undefined>;

  /** Records how far the object was hashed. False when somebody else has taken the session. */
  abstract recordHashed(upload: DirectUpload, hashed: HashProgress): Promise<boolean>;

  /** Gives the session back unfinished: the next who asks goes on. */
  abstract release(upload: DirectUpload): Promise<void>;

  /** Ends the session, as the bytes were others; its object is queued for deletion. */
  abstract fail(upload: DirectUpload, actual: Digest): Promise<void>;
}
