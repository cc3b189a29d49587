import type { GcEntryAnswer } from '#contracts';
import type { GcEntry } from '#registry';

/** One entry of the log of collection, as it is answered. */
export const logAnswer = ({ id, at, kind, packageId, digest, bytes, reason }: GcEntry): GcEntryAnswer => ({
  id,
  at: at.toISOString(),
  kind,
  package_id: packageId ?? null,
  digest: digest ?? null,
  bytes,
  reason,
});
