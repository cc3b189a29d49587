import type { GcPass } from '../ports/garbage.js';
import type { RetentionStore, RetentionWork, SeenTag } from '../ports/retention-store.js';
import { RetentionDecider } from '../retention/retention-decider.js';
import type { RetentionDecision } from '../retention/retention-policy.js';
import type { TagPlace } from '../retention/tag-place.js';
import { failpoint } from './failpoint.js';
import type { GcBrake } from './gc-brake.js';

const PACKAGES = 500;
const PAGE = 1000;
/** Tags removed in one transaction. */
const BATCH = 200;

/** Removes tags that no rule of their package's retention policy keeps, and the versions that this leaves. */
export class ApplyRetention {
  constructor(
    private readonly store: RetentionStore,
    private readonly work: RetentionWork,
    private readonly brake: GcBrake,
  ) {}

  /** Answers how many tags went. Errors: GcStopped. */
  async run(pass: GcPass): Promise<number> {
    let removed = 0;
    for (let after: string | undefined, isFirst = true; isFirst || after !== undefined; isFirst = false) {
      await this.brake.pass();
      const { packageIds, next } = await this.work.findPackages(PACKAGES, after);
      this.brake.owe(packageIds.length);
      failpoint('retention-found');
      for (const packageId of packageIds) removed += await this.judge(packageId, pass);
      after = next;
    }
    return removed;
  }

  /** Page by page: what is remembered of a package does not grow with its tags. */
  private async judge(packageId: number, pass: GcPass): Promise<number> {
    const policy = await this.store.findInForce(packageId);
    if (!policy) return 0;
    const { revision } = policy;
    let decider: RetentionDecider | undefined;
    let begun = 0;
    let dueAt: number | undefined;
    let removed = 0;
    for (let after: TagPlace | undefined, isFirst = true; isFirst || after !== undefined; isFirst = false) {
      await this.brake.pass();
      const { tags, now, next } = await this.store.tags(packageId, PAGE, after);
      this.brake.owe(tags.length);
      begun ||= now;
      decider ??= new RetentionDecider(policy, now);
      const doomed: SeenTag[] = [];
      for (const tag of tags) {
        const decision = decider.judge(tag);
        if (decision.isKept) dueAt = earlier(dueAt, decision);
        else doomed.push(tag);
      }
      for (const batch of batches(doomed)) {
        const outcome = await this.work.removeTags({ packageId, revision, begun }, batch, pass);
        failpoint('retention-removed');
        if (outcome === 'stale') return removed;
        removed += outcome;
      }
      after = next;
    }
    if (!pass.isDryRun) await this.work.looked(packageId, revision, begun, dueAt);
    return removed;
  }
}

const earlier = (dueAt: number | undefined, { until }: RetentionDecision): number | undefined =>
  until === undefined ? dueAt : Math.min(until, dueAt ?? until);

/** Tags of one version stay together, as far as a batch goes. */
function batches(doomed: SeenTag[]): SeenTag[][] {
  const made: SeenTag[][] = [];
  for (const ofOne of Map.groupBy(doomed, ({ versionId }) => versionId).values()) {
    for (let i = 0; i < ofOne.length; i += BATCH) {
      const part = ofOne.slice(i, i + BATCH);
      const last = made.at(-1);
      if (last && last.length + part.length <= BATCH) last.push(...part);
      else made.push(part);
    }
  }
  return made;
}
