import { type Digest, fail } from '#oci';
import type { BlobIndex, StoredBlob } from '../ports/blob-index.js';
import type { Repository } from '../repository.js';

/** HEAD of a blob (end-2). The yes is a lease: the client may now leave its upload out. Errors: BLOB_UNKNOWN. */
export class StatBlob {
  constructor(private readonly blobs: BlobIndex) {}

  async run(repository: Repository, digest: Digest): Promise<StoredBlob> {
    const { packageId } = repository;
    const blob = packageId === undefined ? undefined : await this.blobs.lease(packageId, digest);
    return blob ?? fail('BLOB_UNKNOWN', { digest });
  }
}
