import type { ObjectKeeper, ObjectSigner, OwnedObjectStore, StoreFeatures } from '#registry';
import { probeBucket } from './probe-bucket.js';
import { S3Bucket, type S3Settings } from './s3-bucket.js';
import { S3ObjectKeeper } from './s3-object-keeper.js';
import { S3ObjectSigner } from './s3-object-signer.js';
import { S3ObjectStore } from './s3-object-store.js';

/** A bucket in use: its store, and the two ports that it is made of, for those who reach it over RPC. */
export interface S3Store {
  objects: OwnedObjectStore;
  signer: ObjectSigner;
  keeper: ObjectKeeper;
  features: StoreFeatures;
  close(): void;
}

/** Opens a bucket and sees what it verifies. Errors: StorageError when it cannot be used. */
export async function openS3Store(settings: S3Settings): Promise<S3Store> {
  const bucket = new S3Bucket(settings);
  const features = await probeBucket(bucket);
  const signer = new S3ObjectSigner(bucket, features);
  const keeper = new S3ObjectKeeper(bucket, features);
  return { objects: new S3ObjectStore(signer, keeper), signer, keeper, features, close: () => bucket.close() };
}
