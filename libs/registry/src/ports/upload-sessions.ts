import type { Digest, DigestAlgorithm } from '#oci';
import type { Actor } from '../repository.js';
import type { StoredBlob } from './blob-index.js';
import type { ObjectKey, StoredPart } from './object-store.js';

/** A session is found only by all three: its id alone is nobody's key (CVE-2026-32589). */
export interface SessionOwner {
  sessionId: string;
  packageId: number;
  principal: string;
}

/** A session in the hands of one request: the newest request owns it, told by the generation. */
export interface ClaimedUpload extends SessionOwner {
  generation: number;
  /** Durable bytes so far: in parts first, then in pieces. */
  offset: number;
  algorithm: DigestAlgorithm;
  /** State of a running hash over all bytes up to `offset`, if it could be saved. */
  hashState: Uint8Array | undefined;
  /** Digest of all bytes up to `offset`, if it was finished there. */
  bodyDigest: Digest | undefined;
  /** Key of the multipart upload and of joined pieces. */
  objectKey: ObjectKey;
  uploadId: string | undefined;
  partCount: number;
  partBytes: number;
  /** Key in a row of its own that this request may write one object under. */
  reservedKey: ObjectKey;
  /** An earlier request began the same commit: it may have made the object. */
  isRepeat: boolean;
}

/** Bytes that do not yet make a part: an object of their own. */
export interface StoredPiece {
  offset: number;
  length: number;
  objectKey: ObjectKey;
}

/** What one durable step changes, in one transaction. */
export interface UploadStep {
  /** Unset: the offset and the hash stay (a PUT's body counts only at its commit). */
  progress?: { offset: number; hashState: Uint8Array | undefined; bodyDigest: Digest | undefined };
  /** A multipart upload is about to be opened: in the row first, so that one whose id nobody learnt is dropped as well. */
  startsMultipart?: boolean;
  uploadId?: string;
  part?: StoredPart;
  /** This reserved key now holds these bytes. */
  piece?: StoredPiece;
  /** A key that this request will write next: it must be in a row before its first byte. */
  reserve?: ObjectKey;
  /** Pieces that went into a part: their objects are queued for deletion. */
  joined?: ObjectKey[];
  /** A reserved key that was not written and is forgotten. */
  unused?: ObjectKey;
  /** The request ends with this step: no request is under way in the session any more. */
  isLast?: boolean;
}

/** One blob upload between POST and PUT (data-model.md, "PATCH", "Commit", "Cancel"). */
export abstract class UploadSessions {
  /** Opens a session bound to package and actor. */
  abstract open(packageId: number, actor: Actor, algorithm: DigestAlgorithm): Promise<string>;

  /** Durable bytes of a session that still runs; undefined when it is unknown, done, closed or somebody else's. */
  abstract find(owner: SessionOwner): Promise<{ offset: number } | undefined>;

  /**
   * Takes the session from whoever has it, for appending. A multipart upload without a recorded part is dropped, and the
   * session goes on under a key that no overtaken request knows.
   * Errors: BLOB_UPLOAD_UNKNOWN; BLOB_UPLOAD_INVALID with status 416 when `start` is not its offset (nothing changes then).
   */
  abstract claim(owner: SessionOwner, start: number | undefined): Promise<ClaimedUpload>;

  /** Parts and pieces in order of their place. */
  abstract contents(upload: ClaimedUpload): Promise<{ parts: StoredPart[]; pieces: StoredPiece[] }>;

  /** Records a durable step. False when a newer request owns the session: the caller stops, and what it wrote is queued. */
  abstract advance(upload: ClaimedUpload, step: UploadStep): Promise<boolean>;

  /**
   * Takes the session for its commit under this digest. `done` when an earlier request already committed it.
   * Errors as `claim`; a session that is completing under another digest is unknown.
   */
  abstract beginCommit(owner: SessionOwner, digest: Digest, start: number | undefined): Promise<ClaimedUpload | 'done'>;

  /**
   * Makes the blob visible in the package: blob, link and session in one transaction; of two uploads of one digest the
   * later one's object is queued for deletion. Only verified bytes come here. `unused` is a reserved key that was not
   * written. Safe to repeat.
   * Errors: BLOB_UPLOAD_UNKNOWN when the session was closed, NAME_UNKNOWN when the package was deleted.
   */
  abstract commit(upload: ClaimedUpload, blob: StoredBlob, unused: ObjectKey | undefined): Promise<void>;

  /**
   * Ends a session without a blob and queues all its objects. With a `generation` only while it is still the session's: a
   * request that was overtaken does not end what the newer one goes on with. False when there was none to end.
   */
  abstract close(owner: SessionOwner, generation: number | undefined): Promise<boolean>;
}
