import type { Page, PageRequest, RepositoryName } from '#oci';
import type { TagPlace } from '../retention/tag-place.js';
import type { NumberedList, NumberedPage } from './numbered-list.js';

/** How far a figure looks for others that use the same bytes: what its reader may see. */
export type FreedWithin = 'package' | 'namespace' | 'instance';

/** What deleting something does to storage, in bytes. */
export interface FreedBytes {
  /** Leave storage. */
  exclusive: number;
  /** Stay, as others use them still. */
  shared: number;
}

/** Versions of a package whose tags go together, as far as they come no later than `upTo`. */
export interface DoomedVersions {
  packageId: number;
  versionIds: number[];
  /** Undefined where there are none. */
  upTo: TagPlace | undefined;
}

/** By which packages are listed: bytes of their blobs, last push, last pull. */
export const PACKAGE_ORDERS = ['size', 'pushed', 'pulled'] as const;
export type PackageOrder = (typeof PACKAGE_ORDERS)[number];

/** What one package stores. */
export interface PackageStorage {
  packageId: number;
  /** Of a deleted package the name that it had. */
  name: RepositoryName;
  /** Set: it can be restored still. */
  deletedAt: Date | undefined;
  /** Live versions. */
  versions: number;
  /** Bytes of all its manifests, deleted ones that can be restored included. They are stored in the database. */
  manifestBytes: number;
  blobs: number;
  /** Bytes of its blobs. */
  logicalBytes: number;
  /** Of those, bytes of blobs that no other package holds: of the registry, and of its namespace. */
  exclusiveBytes: number;
  namespaceExclusiveBytes: number;
  pushedAt: Date | undefined;
  pulledAt: Date | undefined;
}

/** What the packages of a namespace store, in bytes of blobs. */
export interface NamespaceStorage {
  namespaceId: number;
  login: string;
  /** As its packages see them, each once for each package. */
  logicalBytes: number;
  /** Each once. */
  storedBytes: number;
  /** Of those, what no other namespace holds. */
  exclusiveBytes: number;
}

/** What a measurement found, and when it ended; both undefined before the first. */
export interface Measured<T> {
  measuredAt: Date | undefined;
  found: T;
}

/** What is stored by whom, and what deleting frees. Each method is one transaction that changes nothing. */
export abstract class StorageFigures {
  /** What deleting a live or restorable version frees; undefined where there is none. */
  abstract ofVersion(packageId: number, versionId: number, within: FreedWithin): Promise<FreedBytes | undefined>;

  /** What deleting a tag frees: nothing as long as something else holds its version. Undefined where there is none. */
  abstract ofTag(packageId: number, tag: string, within: FreedWithin): Promise<FreedBytes | undefined>;

  /**
   * What goes when all these lose their tags together, by a retention policy. A version that has tags behind `upTo` counts
   * nothing: they may stay. Packages are of one namespace.
   */
  abstract ofDoomed(doomed: readonly DoomedVersions[], within: FreedWithin): Promise<FreedBytes>;

  /** What a package stores, live or restorable, by its name or id: added up now where that is little, else as measured. */
  abstract ofPackage(which: RepositoryName | number): Promise<Measured<PackageStorage> | undefined>;

  /** By one of the orders; packages with the same value by id. Keys hold on to the measurement that the first page was of. */
  abstract packages(
    order: { by: PackageOrder; isAscending: boolean },
    page: PageRequest,
  ): Promise<Measured<Page<PackageStorage>>>;

  /** By bytes stored, the largest first. */
  abstract namespaces(page: PageRequest): Promise<Measured<Page<NamespaceStorage>>>;

  /** One namespace; undefined before the first measurement that saw a blob of it. */
  abstract ofNamespace(namespaceId: number): Promise<Measured<NamespaceStorage> | undefined>;

  /** The packages of a namespace, by id. */
  abstract packagesOf(namespaceId: number, page: NumberedPage): Promise<NumberedList<PackageStorage>>;
}
