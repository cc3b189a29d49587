import type { Digest, Page, PageRequest } from '#oci';
import type { ManifestStore, Referrer } from '../ports/manifest-store.js';
import type { Repository } from '../repository.js';

/** GET of referrers (end-12): an empty list, never an error, for a subject or repository that is not there. */
export class ListReferrers {
  constructor(private readonly manifests: ManifestStore) {}

  async run(
    repository: Repository,
    subject: Digest,
    artifactType: string | undefined,
    page: PageRequest,
  ): Promise<Page<Referrer>> {
    return repository.packageId === undefined
      ? { items: [], next: undefined }
      : this.manifests.referrers(repository.packageId, subject, artifactType, page);
  }
}
