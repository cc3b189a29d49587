import type { RepositoryName } from '#oci';
import type { Actor } from '../repository.js';
import type { RetainableTag, RetentionPolicy } from '../retention/retention-policy.js';
import type { TagPlace } from '../retention/tag-place.js';
import type { GcPass } from './garbage.js';

/** Whose policy: a package's, or that of a namespace, which counts for its packages that have none. */
export type RetentionHolder = { packageId: number } | { namespaceId: number };

/** The policy that counts for a package. */
export interface PolicyInForce extends RetentionPolicy {
  /** Whose it is. */
  holder: 'package' | 'namespace';
  /** Another one for every change. */
  revision: string;
}

/** Tags of a package, the one pushed last first, of two of one moment that of the younger version. */
export interface RetainableTags {
  tags: RetainableTag[];
  /** When the database looked, in microseconds since 1970. */
  now: number;
  /** Place to go on behind; undefined when nothing follows. */
  next: TagPlace | undefined;
}

/** Packages that a namespace's policy counts for, by id. */
export interface PackagesUnder {
  packages: Array<{ packageId: number; name: RepositoryName }>;
  /** Id to go on behind; undefined when nothing follows. */
  next: number | undefined;
}

/** Retention policies, and what they judge. Each method is one transaction; every change is audited in it. */
export abstract class RetentionStore {
  /** The holder's own policy. */
  abstract find(holder: RetentionHolder): Promise<RetentionPolicy | undefined>;

  /** Puts it in place of the one before; once answered, nothing goes by that any more. False when the holder is gone. */
  abstract set(holder: RetentionHolder, policy: RetentionPolicy, actor: Actor): Promise<boolean>;

  /** False when there was none. Nothing goes by it once answered. */
  abstract remove(holder: RetentionHolder, actor: Actor): Promise<boolean>;

  /** The one that counts for a live package: its own, else its namespace's. */
  abstract findInForce(packageId: number): Promise<PolicyInForce | undefined>;

  /** At most `limit` tags behind `after`. Changes nothing. */
  abstract tags(packageId: number, limit: number, after: TagPlace | undefined): Promise<RetainableTags>;

  /**
   * At most `limit` tags of these versions that come no later than `place`, behind `after`: version by version, those of each in the
   * order in which they are judged. Changes nothing.
   */
  abstract tagsUpTo(
    packageId: number,
    versionIds: readonly number[],
    place: TagPlace,
    limit: number,
    after: TagPlace | undefined,
  ): Promise<RetainableTags>;

  /** Looks at `limit` live, published packages of a namespace behind `after`, and answers those without a policy of their own. */
  abstract packagesUnder(namespaceId: number, limit: number, after: number | undefined): Promise<PackagesUnder>;

  /** The live, published package of a name, and the namespace of a login, for operators. */
  abstract findPackage(name: string): Promise<number | undefined>;
  abstract findNamespace(login: string): Promise<number | undefined>;
}

/** A tag that a policy decided against, as it was then. */
export type SeenTag = TagPlace;

/** One judging of a package's tags, from the newest to the oldest. */
export interface Judging {
  packageId: number;
  /** Of the policy. */
  revision: string;
  /** Microseconds since 1970. */
  begun: number;
}

/** The worker's side of retention. Each method is one transaction over at most a few hundred rows, safe to repeat. */
export abstract class RetentionWork {
  /**
   * Looks at packages for which a policy counts, `limit` at a time, and answers those whose tags are to be judged: a
   * tag was pushed, the policy or a protection changed, or time alone makes a difference.
   */
  abstract findPackages(
    limit: number,
    after: string | undefined,
  ): Promise<{ packageIds: number[]; next: string | undefined }>;

  /**
   * Removes tags of one package that are as they were seen, that nothing protects, while the same policy counts; `stale` when
   * another one does. A version that has no tag left and that nothing else holds is hidden for the restore window, with
   * all the tags that it lost since the judging began: they come back with it. Answers how many tags went.
   */
  abstract removeTags(judging: Judging, tags: readonly SeenTag[], pass: GcPass): Promise<number | 'stale'>;

  /** All tags were judged by this policy at `at`; time alone makes a difference at `dueAt`. Microseconds since 1970. */
  abstract looked(packageId: number, revision: string, at: number, dueAt: number | undefined): Promise<void>;
}
