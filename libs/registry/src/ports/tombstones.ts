import type { Digest, Page, PageRequest, Reference } from '#oci';

/** That a tag or digest was removed: moving a tag removes nothing. */
export interface Tombstone {
  removedAt: Date;
  removedBy: Remover;
  /** What it was: the digest itself, or what the tag pointed at. */
  digest: Digest;
  /** Until when restoring its version brings it back; undefined where it is final. */
  restorableUntil: Date | undefined;
}

/** A user by login, a workflow by its subject, or a rule of Berth by name. */
export interface Remover {
  kind: 'user' | 'workflow' | 'rule';
  name: string;
}

/** A tombstone with what a package's admins may know. */
export interface TombstoneDetails extends Tombstone {
  /** A tag or a digest. */
  reference: string;
  /** The version to restore; undefined where it is final. */
  versionId: number | undefined;
  /** How often it was asked for since: GET and HEAD. */
  asked: number;
  askedAt: Date | undefined;
  /** Login of a user, `workflow SUBJECT`, or `anonymous`. */
  askedBy: string | undefined;
}

/** Requests for one removed thing since the last flush. */
export interface AskedFor {
  packageId: number;
  reference: string;
  count: number;
  lastAt: Date;
  lastBy: string;
}

/**
 * What was removed from packages. Whoever removes writes it in the same transaction, and who brings something back takes it
 * away. A package keeps a thousand, each for 90 days.
 */
export abstract class Tombstones {
  /** For what a live package does not have. */
  abstract find(packageId: number, reference: Reference): Promise<Tombstone | undefined>;

  /** Last removed first; `after` is the last page's `next`. */
  abstract list(packageId: number, page: PageRequest): Promise<Page<TombstoneDetails>>;

  /** Adds these, at most 1,000, in one statement. What is no more, or is back, is left out. */
  abstract count(asked: readonly AskedFor[]): Promise<void>;
}
