import { createHash } from 'node:crypto';
import type { RetentionStore } from '../ports/retention-store.js';
import type { DoomedVersions, FreedWithin } from '../ports/storage-figures.js';
import { type NewestCount, RetentionDecider } from './retention-decider.js';
import type { RetainableTag, RetentionDecision, RetentionPolicy } from './retention-policy.js';
import { placeOf, type TagPlace } from './tag-place.js';

/** Tags that one answer judges at most, shown or not. */
export const MAX_JUDGED = 1000;

/** A tag, and what would become of it. */
export type JudgedTag = RetainableTag & RetentionDecision;

/** Up to where tags of a package were judged, and what the policy's rules had counted by then. */
export interface JudgedPlace {
  place: TagPlace;
  counts: NewestCount[];
}

/** Where a preview goes on: behind the tags of a package that were judged, or behind the package. */
export interface PreviewPlace {
  /** Of the policy that counted until there. */
  fingerprint: string;
  packageId: number;
  judged: JudgedPlace | undefined;
}

/** Which tags to answer. */
export interface PreviewPage {
  limit: number;
  after: PreviewPlace | undefined;
  /** Only those that go, or only those that stay. */
  only: 'kept' | 'removed' | undefined;
  /** How far is looked for others that use what would go. */
  within: FreedWithin;
}

/** What an answer judged of one package. */
export interface JudgedPage {
  tags: JudgedTag[];
  judged: number;
  /** Versions that lose the last of their tags here, all others being doomed as well. */
  doomed: DoomedVersions;
  /** Undefined when nothing follows. */
  next: JudgedPlace | undefined;
}

/** What says whether two policies are the same. */
export const fingerprintOf = ({ tags, keep }: RetentionPolicy): string =>
  createHash('sha256')
    .update(JSON.stringify([tags, keep]))
    .digest('base64url')
    .slice(0, 12);

/**
 * Judges at most `budget` tags of a package behind those that were judged before, and answers at most `limit` of them. Costs
 * those tags and the others of their versions, wherever in the package that is.
 */
export async function judgePage(
  store: RetentionStore,
  packageId: number,
  policy: RetentionPolicy,
  after: JudgedPlace | undefined,
  { limit, only, budget }: Pick<PreviewPage, 'limit' | 'only'> & { budget: number },
): Promise<JudgedPage> {
  const read = await store.tags(packageId, only ? budget : Math.min(limit, budget), after?.place);
  const decider = new RetentionDecider(policy, read.now, after?.counts);
  const held = after ? await heldBefore(store, packageId, decider, read.tags, after.place) : new Set<number>();
  const doomed = new Set<number>();
  const tags: JudgedTag[] = [];
  let judged = 0;
  for (const tag of read.tags) {
    const decision = decider.judge(tag);
    judged += 1;
    (decision.isKept ? held : doomed).add(tag.versionId);
    if (only === undefined || decision.isKept === (only === 'kept')) tags.push({ ...tag, ...decision });
    if (tags.length === limit) break;
  }
  const last = read.tags[judged - 1];
  const isEnd = judged === read.tags.length && read.next === undefined;
  return {
    tags,
    judged,
    doomed: { packageId, versionIds: [...doomed.difference(held)], upTo: last && placeOf(last) },
    next: last && !isEnd ? { place: placeOf(last), counts: decider.counts } : undefined,
  };
}

/** Recalls what was judged of the tags' versions up to `place`, and answers those that kept a tag there. */
async function heldBefore(
  store: RetentionStore,
  packageId: number,
  decider: RetentionDecider,
  tags: readonly RetainableTag[],
  place: TagPlace,
): Promise<Set<number>> {
  const versionIds = [...new Set(tags.map(({ versionId }) => versionId))];
  const held = new Set<number>();
  for (let after: TagPlace | undefined, isFirst = true; isFirst || after; isFirst = false) {
    const read = await store.tagsUpTo(packageId, versionIds, place, MAX_JUDGED, after);
    for (const tag of read.tags) if (decider.recall(tag).isKept) held.add(tag.versionId);
    after = read.next;
  }
  return held;
}
