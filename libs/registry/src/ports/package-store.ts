import type { Page, PageRequest, RepositoryName } from '#oci';
import type { Actor, Viewer } from '../repository.js';

/** Packages themselves: made by the first upload, listed from their first manifest on. */
export abstract class PackageStore {
  /**
   * The package of this name, made private and unlisted if there is none; what a workflow makes is linked to its source.
   * Two first uploads at once get the same one. Errors: NAME_UNKNOWN when nobody owns the namespace.
   */
  abstract ensure(name: RepositoryName, actor: Actor): Promise<number>;

  /** Names of published packages that the viewer has a right of their own on, in byte order. */
  abstract list(viewer: Viewer, page: PageRequest): Promise<Page<RepositoryName>>;

  /**
   * Changes who may see the package: this one where it was judged by its id, as its name may be another's by now, else the
   * one of that name. False when there is no such package.
   */
  abstract setVisibility(which: number | RepositoryName, visibility: Visibility, actor: Actor): Promise<boolean>;
}

export const VISIBILITIES = ['private', 'internal', 'public'] as const;
export type Visibility = (typeof VISIBILITIES)[number];
