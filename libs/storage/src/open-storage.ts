import { join } from 'node:path';
import type { ObjectKeeper, ObjectSigner, OwnedObjectStore } from '#registry';
import { FilesystemObjectStore } from './filesystem/filesystem-object-store.js';
import { openS3Store } from './s3/open-s3-store.js';
import type { S3Settings } from './s3/s3-bucket.js';

/** An object store, and where it is one that signs requests the two ports that it is made of. */
export interface Storage {
  objects: OwnedObjectStore;
  signed?: { signer: ObjectSigner; keeper: ObjectKeeper };
}

/** The settings that say where objects are. */
export interface StorageSettings {
  BERTH_DATA_DIR: string;
  BERTH_S3_BUCKET?: string | undefined;
  BERTH_S3_ENDPOINT?: string | undefined;
  BERTH_S3_PUBLIC_ENDPOINT?: string | undefined;
  BERTH_S3_REGION?: string | undefined;
  BERTH_S3_FORCE_PATH_STYLE: boolean;
  BERTH_S3_ENCRYPTION?: S3Settings['encryption'];
  BERTH_S3_ENCRYPTION_KEY?: string | undefined;
}

interface Log {
  info(fields: object, message: string): void;
}

/** Opens the bucket that the settings name, or the folder in the data directory. Errors: StorageError. */
export async function openStorage(settings: StorageSettings, log: Log): Promise<Storage & { close(): void }> {
  if (settings.BERTH_S3_BUCKET === undefined) {
    const objects = await FilesystemObjectStore.open(join(settings.BERTH_DATA_DIR, 'objects'));
    return { objects, close: () => undefined };
  }
  const { objects, signer, keeper, features, close } = await openS3Store({
    bucket: settings.BERTH_S3_BUCKET,
    endpoint: settings.BERTH_S3_ENDPOINT,
    publicEndpoint: settings.BERTH_S3_PUBLIC_ENDPOINT,
    region: settings.BERTH_S3_REGION,
    forcePathStyle: settings.BERTH_S3_FORCE_PATH_STYLE,
    encryption: settings.BERTH_S3_ENCRYPTION,
    encryptionKeyId: settings.BERTH_S3_ENCRYPTION_KEY,
  });
  log.info({ bucket: settings.BERTH_S3_BUCKET, ...features }, 'the bucket is open; what it was seen to verify');
  return { objects, signed: { signer, keeper }, close };
}
