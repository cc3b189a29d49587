import type { GcEntry } from '#registry';

/** One entry of the log of collection, as it is answered. */
export interface GcLogAnswer {
  id: number;
  at: string;
  kind: string;
  package_id: number | null;
  digest: string | null;
  bytes: number;
  reason: string;
}

export const logAnswer = ({ id, at, kind, packageId, digest, bytes, reason }: GcEntry): GcLogAnswer => ({
  id,
  at: at.toISOString(),
  kind,
  package_id: packageId ?? null,
  digest: digest ?? null,
  bytes,
  reason,
});
