import type { Digest } from '#oci';

/** Keeps tags. One that says neither how many nor how old keeps every tag that it is for. */
export interface RetentionRule {
  /** Expression (RE2) that the whole tag must match; undefined: the rule is for all tags of the policy. */
  tags: string | undefined;
  /** Keeps all its tags of this many versions: those that were pushed last, under a tag that the rule is for. */
  newest: number | undefined;
  /** Seconds since the tag was pushed. */
  pushedWithin: number | undefined;
  /** Seconds since the tag's version was pulled last, or the tag pushed, whichever was later; and a day of slack. */
  pulledWithin: number | undefined;
}

/** Which tags of a package go by themselves: those that it is for and that no rule keeps. */
export interface RetentionPolicy {
  /** Expression (RE2) that the whole tag must match for the policy to judge it; undefined: it judges all. */
  tags: string | undefined;
  /** One that keeps a tag is enough. */
  keep: RetentionRule[];
}

/** A tag as a policy judges it. Times are microseconds since 1970, as exact as the database has them. */
export interface RetainableTag {
  name: string;
  versionId: number;
  digest: Digest;
  pushedAt: number;
  /** When its version was pulled last. */
  pulledAt: number | undefined;
  /** Build caches go by a budget of their own. */
  isBuildCache: boolean;
  /** What forbids its deletion. */
  protection: { rule: string; reason: string } | undefined;
  /**
   * For `sha256-…`, which clients set for signatures and the like: the manifest that it is about, while that is there or can
   * be restored. Undefined as well where it is gone.
   */
  about: Digest | undefined;
}

/** What becomes of a tag, and why: sentences for people. */
export interface RetentionDecision {
  isKept: boolean;
  reasons: string[];
  /** When time alone ends that, in microseconds since 1970; undefined where it never does. */
  until: number | undefined;
}
