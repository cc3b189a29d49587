import type { Digest } from '#oci';
import type { Repository } from '../repository.js';
import type { ObjectKey } from './object-store.js';

/** A blob as a package sees it. */
export interface StoredBlob {
  digest: Digest;
  size: number;
  objectKey: ObjectKey;
}

/** Which packages hold which blobs. Presence is always per package: a digest alone proves nothing (CVE-2024-39897). */
export abstract class BlobIndex {
  /** The blob if this package holds a link to it and its object is not known to be missing. */
  abstract find(packageId: number, digest: Digest): Promise<StoredBlob | undefined>;

  /** As `find`, and a yes keeps the link from being collected for at least half the grace (data-model.md, "HEAD blob"). */
  abstract lease(packageId: number, digest: Digest): Promise<StoredBlob | undefined>;

  /**
   * Notes that the store has no object under this key: every package then takes the blob as absent, until somebody brings
   * its bytes again. Nothing happens to a blob that has another object meanwhile.
   */
  abstract markMissing(objectKey: ObjectKey): Promise<void>;

  /** Links the blob of one package into another, atomically. False when the source does not hold it. Safe to repeat. */
  abstract mount(target: Repository & { packageId: number }, digest: Digest, sourcePackageId: number): Promise<boolean>;

  /** Names of at most `limit` live packages that hold the digest. */
  abstract holders(digest: Digest, limit: number): Promise<string[]>;

  /** Removes a package's link unless a live or restorable manifest needs it. Atomic. */
  abstract unlink(packageId: number, digest: Digest): Promise<'unlinked' | 'unknown' | 'in_use'>;
}
