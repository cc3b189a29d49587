import type { ListedObject, ObjectKey, StoredPart, UploadPage } from './object-store.js';

/**
 * What the object store is asked without moving a byte; with `ObjectSigner` it makes a whole `ObjectStore`
 * (`SignedObjectStore`). Every method may be repeated after a failure.
 * Adapters: `S3ObjectKeeper`, and RPC to the service that has it.
 */
export abstract class ObjectKeeper {
  /**
   * Opens a multipart upload and answers its id; no other one may be open under the key. `isChecked`: every part will come with its CRC-32, so that the store can
   * check the whole at the end; parts that clients write have none.
   */
  abstract startMultipart(key: ObjectKey, isChecked: boolean): Promise<string>;

  /**
   * As `ObjectStore.completeMultipart`. An answer that was lost, or an error after the fact, is told from a failure.
   * Errors: BLOB_UPLOAD_INVALID when the store does not have these parts.
   */
  abstract completeMultipart(key: ObjectKey, uploadId: string, parts: readonly StoredPart[]): Promise<void>;

  /** As `ObjectStore.abortMultipart`. */
  abstract abortMultipart(key: ObjectKey, uploadId: string | undefined): Promise<void>;

  /** As `ObjectStore.size`. */
  abstract size(key: ObjectKey): Promise<number | undefined>;

  /** As `ObjectStore.delete`. */
  abstract delete(keys: readonly ObjectKey[]): Promise<ObjectKey[]>;

  /** As `ObjectStore.list`. */
  abstract list(after: ObjectKey, limit: number): Promise<ListedObject[]>;

  /** As `ObjectStore.listUploads`. */
  abstract listUploads(after: ObjectKey, limit: number): Promise<UploadPage>;
}
