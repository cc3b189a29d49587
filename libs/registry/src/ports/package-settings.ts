import type { Actor } from '../repository.js';

/** What a package's admins set beside access. */
export interface StorageSettings {
  /** Whether an index may be pushed without all of its children: for mirrors that copy one platform. */
  allowSparse: boolean;
  /** Seconds until a manifest without tags is collected; `instance`: as BERTH_UNTAGGED_AFTER says. */
  untaggedAfter: number | 'never' | 'instance';
  /** Bytes that its build caches may hold; `instance`: as BERTH_BUILD_CACHE_BUDGET says. */
  buildCacheBudget: number | 'unlimited' | 'instance';
}

/** A rule for the tags that wholly match a pattern. */
export interface TagRule {
  /** A regular expression, in the syntax of RE2. */
  pattern: string;
  /** Once set, such a tag is neither moved nor deleted. */
  isImmutable: boolean;
  /**
   * Who may set, move and delete such tags, among those who may push: `user:LOGIN`, `team:ORG/SLUG`, `workflow:URL` of its
   * source. Undefined: all of them.
   */
  publishers: string[] | undefined;
}

/** Settings of a live package. Every change is audited in its own transaction. */
export abstract class PackageSettings {
  abstract find(packageId: number): Promise<StorageSettings | undefined>;

  /**
   * Sets those that are given, and only those: two who change different ones at once lose nothing. A changed rule for untagged
   * manifests counts from now. False when there is no such package.
   */
  abstract change(packageId: number, settings: Partial<StorageSettings>, actor: Actor): Promise<boolean>;

  /** All rules, in the order given. */
  abstract tagRules(packageId: number): Promise<TagRule[]>;

  /** Puts these rules in place of all others, at most fifty. Answers publishers that there are none of; nothing changed then. */
  abstract setTagRules(packageId: number, rules: readonly TagRule[], actor: Actor): Promise<{ unknown: string[] }>;
}
