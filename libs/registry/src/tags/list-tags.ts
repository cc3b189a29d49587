import { fail, type Page, type PageRequest } from '#oci';
import type { TagStore } from '../ports/tag-store.js';
import type { Repository } from '../repository.js';

/** GET of tags (end-8). Errors: NAME_UNKNOWN before the first manifest. */
export class ListTags {
  constructor(private readonly tags: TagStore) {}

  async run(repository: Repository, page: PageRequest): Promise<Page<string>> {
    if (repository.packageId === undefined || !repository.isPublished) {
      return fail('NAME_UNKNOWN', { name: repository.name });
    }
    return this.tags.list(repository.packageId, page);
  }
}
