import { fail, type Reference } from '#oci';
import type { ManifestStore, StoredManifest } from '../ports/manifest-store.js';
import type { Repository } from '../repository.js';

/** GET and HEAD of a manifest (end-3). Errors: MANIFEST_UNKNOWN. */
export class GetManifest {
  constructor(private readonly manifests: ManifestStore) {}

  async run(repository: Repository, reference: Reference): Promise<StoredManifest> {
    const { packageId } = repository;
    const manifest = packageId === undefined ? undefined : await this.manifests.find(packageId, reference);
    return manifest ?? fail('MANIFEST_UNKNOWN', reference);
  }
}
