import type { RetentionStore } from '../ports/retention-store.js';
import type { FreedBytes, StorageFigures } from '../ports/storage-figures.js';
import {
  fingerprintOf,
  type JudgedTag,
  judgePage,
  MAX_JUDGED,
  type PreviewPage,
  type PreviewPlace,
} from './preview-page.js';
import type { RetentionPolicy } from './retention-policy.js';

/** What a policy would do to tags. */
export interface RetentionPreview<T extends JudgedTag = JudgedTag> {
  policy: RetentionPolicy;
  /** Whose policy it is; `asked`: that of the question. */
  holder: 'package' | 'namespace' | 'asked';
  tags: T[];
  /** What goes with the tags that were judged for this answer, shown or not. */
  freed: FreedBytes;
  /** Undefined when nothing follows. */
  next: PreviewPlace | undefined;
}

/** Judges the tags of a package as the worker would, and changes nothing. */
export class PreviewRetention {
  constructor(
    private readonly store: RetentionStore,
    private readonly figures: StorageFigures,
  ) {}

  /**
   * `asked` in place of the policy that counts for the package; undefined where none does, `changed` where that is another one
   * than on the page before.
   */
  async run(
    packageId: number,
    asked: RetentionPolicy | undefined,
    { limit, after, only, within }: PreviewPage,
  ): Promise<RetentionPreview | 'changed' | undefined> {
    const inForce = asked ? { ...asked, holder: 'asked' as const } : await this.store.findInForce(packageId);
    if (!inForce) return undefined;
    const { holder, tags: pattern, keep } = inForce;
    const policy = { tags: pattern, keep };
    const fingerprint = fingerprintOf(policy);
    const from = after?.packageId === packageId ? after : undefined;
    if (from && from.fingerprint !== fingerprint) return 'changed';
    const page = await judgePage(this.store, packageId, policy, from?.judged, { limit, only, budget: MAX_JUDGED });
    return {
      policy,
      holder,
      tags: page.tags,
      freed: await this.figures.ofDoomed([page.doomed], within),
      next: page.next && { fingerprint, packageId, judged: page.next },
    };
  }
}
