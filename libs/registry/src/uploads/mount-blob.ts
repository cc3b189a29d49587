import { type Digest, isRepositoryName, type RepositoryName } from '#oci';
import type { BlobIndex } from '../ports/blob-index.js';
import type { PackageStore } from '../ports/package-store.js';
import type { Actor, Repository } from '../repository.js';

/** Which of these repositories the caller may pull from: asked of the caller's rights, not of the token's list. */
export type PullableAmong = (names: RepositoryName[]) => Promise<Array<{ packageId: number }>>;

/** Without `from`, so many repositories that hold the blob are looked at. */
const MAX_HOLDERS = 100;

/** Mounts a blob (end-11): true when the blob is now in the target. Whatever stands in the way is a plain "upload it". */
export class MountBlob {
  constructor(
    private readonly blobs: BlobIndex,
    private readonly packages: PackageStore,
  ) {}

  async run(
    target: Repository,
    actor: Actor,
    digest: Digest,
    from: string | undefined,
    pullableAmong: PullableAmong,
  ): Promise<boolean> {
    const names = from === undefined ? await this.blobs.holders(digest, MAX_HOLDERS) : [from];
    const sources = await pullableAmong(names.filter(isRepositoryName));
    if (sources.length === 0) return false;
    const packageId = target.packageId ?? (await this.packages.ensure(target.name, actor));
    for (const source of sources) {
      if (await this.blobs.mount({ ...target, packageId }, digest, source.packageId)) return true;
    }
    return false;
  }
}
