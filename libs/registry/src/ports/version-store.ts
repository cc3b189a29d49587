import type { Digest, ManifestClass } from '#oci';
import type { Actor } from '../repository.js';
import type { NumberedList, NumberedPage } from './numbered-list.js';
import type { TooManyDownloads } from './package-directory.js';

/** A version is a manifest as the REST API shows it: GHCR's word. */
export interface VersionDetails {
  id: number;
  digest: Digest;
  class: ManifestClass;
  mediaType: string;
  /** Bytes of the manifest, its config and its layers. */
  size: number;
  /** Newest first; of a deleted version those that it had. */
  tags: string[];
  /** Live indexes that name it, a hundred at most. */
  parents: Digest[];
  downloads: number;
  lastDownloadAt: Date | undefined;
  createdAt: Date;
  updatedAt: Date;
  deletedAt: Date | undefined;
}

export interface VersionQuery {
  packageId: number;
  state: 'active' | 'deleted';
  /** False leaves out what an index or a subject brought along: platforms, attestations, signatures. */
  includeChildren: boolean;
}

/** Why a version stays. */
export type VersionRefusal =
  | { reason: 'needed'; by: Digest; tags: string[] }
  | { reason: 'protected'; tag: string; rule: string }
  | TooManyDownloads;

export type VersionRemoval = 'removed' | 'unknown' | VersionRefusal;

/** Manifests of a package as REST lists, deletes and restores them. */
export abstract class VersionStore {
  /** Newest push first. Deleted ones only while they can be restored, last deleted first. */
  abstract list(query: VersionQuery, page: NumberedPage): Promise<NumberedList<VersionDetails>>;

  /** A live version of this package. */
  abstract find(packageId: number, versionId: number): Promise<VersionDetails | undefined>;

  /**
   * Deletes versions, each one or not, at most a hundred: hidden at once, restorable within the window. One that a live index
   * outside of these needs, that a rule for tags protects, or that has too many downloads stays. One transaction; an answer
   * for each id, in order.
   */
  abstract remove(packageId: number, versionIds: readonly number[], actor: Actor): Promise<VersionRemoval[]>;

  /** Undoes a deletion: with those of its tags that are free still. `absent` names children that are gone. Atomic. */
  abstract restore(
    packageId: number,
    versionId: number,
    actor: Actor,
  ): Promise<'restored' | 'unknown' | { absent: Digest[] }>;
}
