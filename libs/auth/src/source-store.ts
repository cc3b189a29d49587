import type { Actor, NumberedList, NumberedPage, Visibility } from '#registry';

/** A source-code repository that packages are linked to. */
export interface Source {
  id: number;
  url: string;
  createdAt: Date;
}

/** Who sees a package, what it is linked to, and whether roles come from there. */
export interface PackageLink {
  visibility: Visibility;
  source: { id: number; url: string } | undefined;
  inherits: boolean;
}

/** Sources of a namespace, and the links of packages to them. Every change is audited in its own transaction. */
export abstract class SourceStore {
  /** In the order in which they were made. */
  abstract list(namespaceId: number, page: NumberedPage): Promise<NumberedList<Source>>;

  abstract find(namespaceId: number, sourceId: number): Promise<Source | undefined>;

  /** `url` as `parseSourceUrl` writes it. */
  abstract create(namespaceId: number, url: string, actor: Actor): Promise<Source | 'url taken'>;

  /** Deletes a source with the roles on it. Refused while packages, the restorable ones included, are linked to it. */
  abstract remove(namespaceId: number, sourceId: number, actor: Actor): Promise<'removed' | 'unknown' | 'linked'>;

  /** Undefined for a package that is gone. */
  abstract findLink(packageId: number): Promise<PackageLink | undefined>;

  /**
   * Links a package to a source of its own namespace, which turns inheritance on, or to none, which turns it off. Refused to
   * whom the source gives no right to write.
   */
  abstract link(
    packageId: number,
    sourceId: number | undefined,
    actor: Actor,
  ): Promise<'linked' | 'unknown source' | 'source not writable'>;

  /** Has roles come from the source, or not. Refused for a package without one. */
  abstract setInherits(packageId: number, inherits: boolean, actor: Actor): Promise<'set' | 'not linked'>;
}
