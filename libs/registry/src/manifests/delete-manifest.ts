import { type Digest, fail } from '#oci';
import type { ManifestStore } from '../ports/manifest-store.js';
import type { Actor, Repository } from '../repository.js';

/** DELETE of a manifest by digest (end-9): final. Errors: MANIFEST_UNKNOWN; DENIED while a live index needs it. */
export class DeleteManifest {
  constructor(private readonly manifests: ManifestStore) {}

  async run(repository: Repository, actor: Actor, digest: Digest): Promise<void> {
    const { packageId } = repository;
    const removal = packageId === undefined ? 'unknown' : await this.manifests.remove(packageId, digest, actor);
    if (removal === 'unknown') fail('MANIFEST_UNKNOWN', { digest });
    if (removal !== 'removed') {
      fail('DENIED', {
        digest,
        neededBy: removal.neededBy,
        reason: 'an index needs this manifest: delete the index first',
      });
    }
  }
}
