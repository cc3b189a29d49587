import type { RepositoryName } from '#oci';
import type { RetentionStore } from '../ports/retention-store.js';
import type { DoomedVersions, StorageFigures } from '../ports/storage-figures.js';
import {
  fingerprintOf,
  type JudgedTag,
  judgePage,
  MAX_JUDGED,
  type PreviewPage,
  type PreviewPlace,
} from './preview-page.js';
import type { RetentionPreview } from './preview-retention.js';
import type { RetentionPolicy } from './retention-policy.js';

/** Packages that one answer looks at, at most: each costs its queries, even where it has no tag. */
const MAX_PACKAGES = 100;

export type PackageTag = JudgedTag & { packageName: RepositoryName };

/** Judges the tags of a namespace's packages, one package after the other, as the worker would, and changes nothing. */
export class PreviewNamespaceRetention {
  constructor(
    private readonly store: RetentionStore,
    private readonly figures: StorageFigures,
  ) {}

  /**
   * Of packages that have no policy of their own: `asked` in place of the namespace's; undefined where it has none, `changed`
   * where that is another one than on the page before.
   */
  async run(
    namespaceId: number,
    asked: RetentionPolicy | undefined,
    { limit, after, only, within }: PreviewPage,
  ): Promise<RetentionPreview<PackageTag> | 'changed' | undefined> {
    const policy = asked ?? (await this.store.find({ namespaceId }));
    if (!policy) return undefined;
    const fingerprint = fingerprintOf(policy);
    if (after && after.fingerprint !== fingerprint) return 'changed';
    const tags: PackageTag[] = [];
    const doomed: DoomedVersions[] = [];
    let judged = 0;
    // A package that was judged in part comes first once more.
    const behind = after && (after.judged ? after.packageId - 1 : after.packageId);
    const list = await this.store.packagesUnder(namespaceId, MAX_PACKAGES, behind);
    let next: PreviewPlace | undefined;
    let last: number | undefined;
    for (const { packageId, name } of list.packages) {
      if (tags.length === limit || judged === MAX_JUDGED) break;
      const from = packageId === after?.packageId ? after.judged : undefined;
      const page = await judgePage(this.store, packageId, policy, from, {
        limit: limit - tags.length,
        only,
        budget: MAX_JUDGED - judged,
      });
      tags.push(...page.tags.map((tag) => ({ ...tag, packageName: name })));
      judged += page.judged;
      if (page.doomed.versionIds.length > 0) doomed.push(page.doomed);
      last = packageId;
      next = page.next && { fingerprint, packageId, judged: page.next };
    }
    if (!next) {
      const isWhole = last === list.packages.at(-1)?.packageId;
      const reached = isWhole ? list.next : last;
      if (reached !== undefined) next = { fingerprint, packageId: reached, judged: undefined };
    }
    return {
      policy,
      holder: asked ? 'asked' : 'namespace',
      tags,
      freed: await this.figures.ofDoomed(doomed, within),
      next,
    };
  }
}
