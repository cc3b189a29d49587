import { type Digest, fail } from '#oci';
import type { BlobIndex, StoredBlob } from '../ports/blob-index.js';
import type { Repository } from '../repository.js';

/** GET of a blob (end-2): where its bytes are. Errors: BLOB_UNKNOWN. */
export class OpenBlob {
  constructor(private readonly blobs: BlobIndex) {}

  async run(repository: Repository, digest: Digest): Promise<StoredBlob> {
    const { packageId } = repository;
    const blob = packageId === undefined ? undefined : await this.blobs.find(packageId, digest);
    return blob ?? fail('BLOB_UNKNOWN', { digest });
  }
}
