import type { Digest, Page, PageRequest } from '#oci';
import type { Actor } from '../repository.js';
import type { NumberedList, NumberedPage } from './numbered-list.js';

/** One entry of a tag's history. */
export interface TagChange {
  at: Date;
  /** Undefined: the tag was new. */
  from: Digest | undefined;
  /** Undefined: the tag was deleted. */
  to: Digest | undefined;
  /** A user's login, else the principal. */
  actor: string;
}

/**
 * Tags of a package; moving one is part of `ManifestStore.put`, too. Errors of all that changes one: DENIED where a rule for
 * tags (`PackageSettings`) forbids it.
 */
export abstract class TagStore {
  /** Names in byte order. */
  abstract list(packageId: number, page: PageRequest): Promise<Page<string>>;

  /** False when there is no such tag. The manifest stays. */
  abstract remove(packageId: number, tag: string, actor: Actor): Promise<boolean>;

  /** Every change of a tag, the last first; of a tag that is gone, too. */
  abstract history(packageId: number, tag: string, page: NumberedPage): Promise<NumberedList<TagChange>>;

  /** Points a tag, new or not, at a live manifest of its package. False when there is no such manifest. Safe to repeat. */
  abstract set(packageId: number, tag: string, digest: Digest, actor: Actor): Promise<boolean>;
}
