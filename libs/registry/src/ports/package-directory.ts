import type { RepositoryName } from '#oci';
import type { PackageMetadata } from '../metadata/package-metadata.js';
import type { Actor, Viewer } from '../repository.js';
import type { NumberedList, NumberedPage } from './numbered-list.js';
import type { Visibility } from './package-store.js';

/** Whose packages they are. */
export interface PackageOwner {
  id: number;
  login: string;
  kind: 'user' | 'organisation';
}

/** A package as its page and the REST API show it. */
export interface PackageDetails {
  id: number;
  name: RepositoryName;
  owner: PackageOwner;
  visibility: Visibility;
  /** Live versions. */
  versionCount: number;
  createdAt: Date;
  /** When a version was pushed or a tag moved last. */
  updatedAt: Date;
  /** The source that it is linked to. */
  source: { id: number; url: string } | undefined;
  /** Of `latest`, else of the newest tag; undefined where neither says anything. */
  metadata: PackageMetadata | undefined;
}

/** Whose packages to list, for whom. */
export interface PackageQuery {
  ownerId: number;
  viewer: Viewer;
  visibility: Visibility | undefined;
}

/** What keeps a package or version from being deleted. */
export interface TooManyDownloads {
  reason: 'downloads';
  downloads: number;
}

/** Published packages as REST lists, deletes and restores them. */
export abstract class PackageDirectory {
  /** By login, in any capitals. */
  abstract findOwner(login: string): Promise<PackageOwner | undefined>;

  /** Live, published packages that the viewer may see, by name. */
  abstract list(query: PackageQuery, page: NumberedPage): Promise<NumberedList<PackageDetails>>;

  /** A live package. */
  abstract find(packageId: number): Promise<PackageDetails | undefined>;

  /**
   * Hides a package from every surface at once and frees its name; its versions and blobs stay for the restore window.
   * Refused for a public one of which a version has too many downloads. Atomic.
   */
  abstract remove(packageId: number, actor: Actor): Promise<'removed' | 'unknown' | TooManyDownloads>;

  /** The package that was deleted last under this name and can be restored. */
  abstract findDeleted(name: RepositoryName): Promise<number | undefined>;

  /** Undoes `remove` within the window, unless the name is in use again. Atomic. */
  abstract restore(packageId: number, actor: Actor): Promise<'restored' | 'unknown' | 'name in use'>;
}
