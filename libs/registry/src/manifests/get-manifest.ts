import type { Reference } from '#oci';
import type { ManifestStore, StoredManifest } from '../ports/manifest-store.js';
import type { Repository } from '../repository.js';

/** GET and HEAD of a manifest (end-3). Undefined where the repository has none such. */
export class GetManifest {
  constructor(private readonly manifests: ManifestStore) {}

  async run({ packageId }: Repository, reference: Reference): Promise<StoredManifest | undefined> {
    return packageId === undefined ? undefined : this.manifests.find(packageId, reference);
  }
}
