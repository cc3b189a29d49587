import type { Digest } from '#oci';

/** Downloads of one manifest by one token or trust policy since the last flush. */
export interface Downloads {
  packageId: number;
  digest: Digest;
  /** Whose they were, so that what an administrator marked (scanners, health checks) is left out; neither: nobody's in particular. */
  tokenId: number | undefined;
  policyId: number | undefined;
  count: number;
  lastAt: Date;
}

/** How often manifests were downloaded. */
export abstract class DownloadCounts {
  /** Adds these, at most 1,000, in one statement. Manifests that are gone and tokens that do not count are left out. */
  abstract add(downloads: readonly Downloads[]): Promise<void>;
}
