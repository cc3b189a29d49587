import type { Digest, Manifest, ManifestReference, Page, PageRequest, Reference } from '#oci';
import type { PackageMetadata } from '../metadata/package-metadata.js';
import type { Actor } from '../repository.js';

/** A manifest as it goes to clients: bytes exactly as pushed. */
export interface StoredManifest {
  digest: Digest;
  mediaType: string;
  bytes: Uint8Array;
}

/** Everything one push changes, in one transaction. */
export interface ManifestPush {
  packageId: number;
  actor: Actor;
  digest: Digest;
  bytes: Uint8Array;
  manifest: Manifest;
  references: ManifestReference[];
  /** Tags to point at it; none for a push by digest alone. */
  tags: string[];
  /** Where the image says it comes from. At the package's first push it is linked there, where the pusher may write. */
  source: ImageSource | undefined;
  /** What it says of itself, cut; kept with the manifest. */
  metadata: PackageMetadata | undefined;
}

export interface ImageSource {
  /** As `parseSourceUrl` writes it. */
  url: string;
  /** The base image that it names: what that one says, too, was inherited from it and does not link. */
  base: { name: string; digest: string } | undefined;
}

/** One row of a referrers list (distribution-spec end-12). */
export interface Referrer {
  mediaType: string;
  digest: Digest;
  size: number;
  artifactType: string | undefined;
  annotations: Record<string, string> | undefined;
}

export type Removal = 'removed' | 'unknown' | { neededBy: Digest };

/** Manifests of a package, their references and their referrers. */
export abstract class ManifestStore {
  abstract find(packageId: number, reference: Reference): Promise<StoredManifest | undefined>;

  /**
   * Stores a manifest and points its tags at it, all or nothing. Pushing what is there changes only tags.
   * Errors: MANIFEST_BLOB_UNKNOWN for absent references, MANIFEST_INVALID for one of another size, NAME_UNKNOWN.
   */
  abstract put(push: ManifestPush): Promise<void>;

  /** Deletes a manifest with its tags and references for good, unless a live index needs it. Atomic. */
  abstract remove(packageId: number, digest: Digest, actor: Actor): Promise<Removal>;

  /** Live manifests whose subject is `subject`, oldest first; `after` is the last page's `next`. */
  abstract referrers(
    packageId: number,
    subject: Digest,
    artifactType: string | undefined,
    page: PageRequest,
  ): Promise<Page<Referrer>>;
}
