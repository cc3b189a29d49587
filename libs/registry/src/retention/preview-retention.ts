import type { RetentionStore } from '../ports/retention-store.js';
import { retentionDecider } from './retention-decider.js';
import type { RetainableTag, RetentionDecision, RetentionPolicy } from './retention-policy.js';
import { comesBehind, placeOf, type TagPlace } from './tag-place.js';

const PAGE = 1000;

/** What a policy would do to a package's tags. */
export interface RetentionPreview {
  policy: RetentionPolicy;
  /** Whose policy it is; `asked`: that of the question. */
  holder: 'package' | 'namespace' | 'asked';
  tags: Array<RetainableTag & RetentionDecision>;
  /** Place to go on behind; undefined when nothing follows. */
  next: TagPlace | undefined;
}

/** Which tags to answer. */
export interface PreviewPage {
  limit: number;
  after: TagPlace | undefined;
  /** Only those that go, or only those that stay. */
  only: 'kept' | 'removed' | undefined;
}

/** Judges tags as the worker would, and changes nothing. */
export class PreviewRetention {
  constructor(private readonly store: RetentionStore) {}

  /**
   * `asked` in place of the policy that counts for the package; undefined where none does. Every page is judged from the
   * first tag on, as `newest` counts from there, and reads no more than it needs: a thousand tags at a time.
   */
  async run(
    packageId: number,
    asked: RetentionPolicy | undefined,
    { limit, after, only }: PreviewPage,
  ): Promise<RetentionPreview | undefined> {
    const inForce = asked ? { ...asked, holder: 'asked' as const } : await this.store.findInForce(packageId);
    if (!inForce) return undefined;
    const { holder, tags: pattern, keep } = inForce;
    const policy = { tags: pattern, keep };
    const tags: RetentionPreview['tags'] = [];
    let decide: ReturnType<typeof retentionDecider> | undefined;
    for (let from: TagPlace | undefined; ; ) {
      const page = await this.store.tags(packageId, PAGE, from);
      decide ??= retentionDecider(policy, page.now);
      for (const tag of page.tags) {
        const decision = decide(tag);
        if (after && !comesBehind(tag, after)) continue;
        if (only === undefined || decision.isKept === (only === 'kept')) {
          const last = tags.at(-1);
          if (last && tags.length === limit) return { policy, holder, tags, next: placeOf(last) };
          tags.push({ ...tag, ...decision });
        }
      }
      from = page.next;
      if (from === undefined) return { policy, holder, tags, next: undefined };
    }
  }
}
