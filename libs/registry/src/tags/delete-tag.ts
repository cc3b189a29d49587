import { fail } from '#oci';
import type { TagStore } from '../ports/tag-store.js';
import type { Actor, Repository } from '../repository.js';

/** DELETE of a tag (end-9): the manifest stays. Errors: MANIFEST_UNKNOWN. */
export class DeleteTag {
  constructor(private readonly tags: TagStore) {}

  async run(repository: Repository, actor: Actor, tag: string): Promise<void> {
    const { packageId } = repository;
    const isRemoved = packageId !== undefined && (await this.tags.remove(packageId, tag, actor));
    if (!isRemoved) fail('MANIFEST_UNKNOWN', { tag });
  }
}
