import type { ListedObject, ObjectKey, ObjectSigner, OwnedObjectStore, UploadPage } from '#registry';
import { SignedObjectStore } from '../signed/signed-object-store.js';
import type { TransferLimits } from '../signed/signed-transfer.js';
import type { S3ObjectKeeper } from './s3-object-keeper.js';

/** A bucket for a process that has its credentials: bytes go as they do from one that has none, and it lists and deletes besides. */
export class S3ObjectStore extends SignedObjectStore implements OwnedObjectStore {
  constructor(
    signer: ObjectSigner,
    private readonly bucket: S3ObjectKeeper,
    limits?: TransferLimits,
  ) {
    super(signer, bucket, limits);
  }

  abortMultipart(key: ObjectKey, uploadId: string | undefined): Promise<void> {
    return this.bucket.abortMultipart(key, uploadId);
  }

  delete(keys: readonly ObjectKey[]): Promise<ObjectKey[]> {
    return this.bucket.delete(keys);
  }

  list(after: ObjectKey, limit: number): Promise<ListedObject[]> {
    return this.bucket.list(after, limit);
  }

  listUploads(after: ObjectKey, limit: number): Promise<UploadPage> {
    return this.bucket.listUploads(after, limit);
  }
}
