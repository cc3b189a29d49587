import type { Readable } from 'node:stream';
import type { ByteRange } from '#oci';

/** Name of an object: random, used for one object only, in a database row before its first byte. */
export type ObjectKey = string;

/** One piece of a multipart upload, as the store acknowledged it. */
export interface StoredPart {
  number: number;
  size: number;
  /** What the store wants to see again when the upload is completed. */
  etag: string;
}

/** An object as a listing shows it. */
export interface ListedObject {
  key: ObjectKey;
  size: number;
}

/** A multipart upload that is neither complete nor dropped. */
export interface ListedUpload {
  key: ObjectKey;
  uploadId: string;
  /** When it was opened, by the store's clock; on a file system when it was last written. */
  startedAt: Date;
}

/** Some of the open multipart uploads, all of a key's or none. */
export interface UploadPage {
  uploads: ListedUpload[];
  /** The key to go on behind; undefined: there are no more. */
  next: ObjectKey | undefined;
}

/** Where a part goes. Part numbers count from 1; `offset` is its place in the object. */
export interface PartPlace {
  number: number;
  offset: number;
}

/**
 * Bytes under opaque keys. It knows nothing of digests or packages: the database does.
 * What a resolved promise acknowledged is durable. Every method may be repeated after a failure.
 * Adapters: `FilesystemObjectStore`; `SignedObjectStore`, which moves bytes by signed requests (`ObjectSigner`) and has the
 * rest done by whoever holds the credentials (`ObjectKeeper`). The same contract suite runs on each (`libs/testing`), as their owner has it.
 */
export abstract class ObjectStore {
  /** Writes a whole object. It is visible only when complete. */
  abstract put(key: ObjectKey, chunks: readonly Uint8Array[]): Promise<void>;

  /** Opens a multipart upload and answers its id. Nothing is visible under `key` until it is completed. */
  abstract startMultipart(key: ObjectKey): Promise<string>;

  /** Writes one part; a part written twice is the later one. Parts may be written in any order and at the same time. */
  abstract writePart(
    key: ObjectKey,
    uploadId: string,
    place: PartPlace,
    chunks: readonly Uint8Array[],
  ): Promise<StoredPart>;

  /** Makes the object of exactly these parts, in order. Completing again what is complete succeeds. */
  abstract completeMultipart(key: ObjectKey, uploadId: string, parts: readonly StoredPart[]): Promise<void>;

  /** Size in bytes; undefined when there is no such object. */
  abstract size(key: ObjectKey): Promise<number | undefined>;

  /** Streams an object or a range of it. Throws `ObjectMissingError` before the first byte when there is none. */
  abstract read(key: ObjectKey, range?: ByteRange): Promise<Readable>;
}

/**
 * An object store in the hands of who has its credentials: what lies there, and taking it away. Only the worker needs that, and has the
 * credentials itself, so no service offers it to another.
 * Adapters: `FilesystemObjectStore`, `S3ObjectStore`.
 */
export abstract class OwnedObjectStore extends ObjectStore {
  /**
   * Drops an upload and its parts; one that is unknown counts as dropped. Without an id it drops whatever upload is open
   * under the key: its writer died before it could tell the id.
   */
  abstract abortMultipart(key: ObjectKey, uploadId: string | undefined): Promise<void>;

  /** Deletes objects, at most 1,000 at a time; answers those that are gone (an absent one is). */
  abstract delete(keys: readonly ObjectKey[]): Promise<ObjectKey[]>;

  /** At most `limit` (1,000) objects after this key, in byte order of their keys; fewer at the end only. */
  abstract list(after: ObjectKey, limit: number): Promise<ListedObject[]>;

  /** Open multipart uploads under keys after this one, in byte order of keys; about `limit` (1,000) at a time. */
  abstract listUploads(after: ObjectKey, limit: number): Promise<UploadPage>;
}

/** The database knows an object that the store does not have. */
export class ObjectMissingError extends Error {
  constructor(readonly key: ObjectKey) {
    super(`object ${key} is missing from the object store`);
    this.name = 'ObjectMissingError';
  }
}
