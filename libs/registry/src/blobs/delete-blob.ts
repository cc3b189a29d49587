import { type Digest, fail } from '#oci';
import type { BlobIndex } from '../ports/blob-index.js';
import type { Repository } from '../repository.js';

/** DELETE of a blob (end-10). Errors: BLOB_UNKNOWN; DENIED while a manifest of the package needs it. */
export class DeleteBlob {
  constructor(private readonly blobs: BlobIndex) {}

  async run(repository: Repository, digest: Digest): Promise<void> {
    const { packageId } = repository;
    const outcome = packageId === undefined ? 'unknown' : await this.blobs.unlink(packageId, digest);
    if (outcome === 'unknown') fail('BLOB_UNKNOWN', { digest });
    if (outcome === 'in_use') fail('DENIED', { digest, reason: 'a manifest of this repository needs this blob' });
  }
}
