import type { ObjectKey, StoredPart } from './object-store.js';

/**
 * What the object store is asked without moving a byte; with `ObjectSigner` it makes an `ObjectStore` (`SignedObjectStore`). It lists and
 * deletes nothing: whoever breaks into the gateway, which asks this over RPC, finds no call that does. Every method may be repeated
 * after a failure.
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

  /** As `ObjectStore.size`. */
  abstract size(key: ObjectKey): Promise<number | undefined>;
}
