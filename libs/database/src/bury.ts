import type { Transaction } from './transaction.js';

/** Tombstones that a package keeps. */
const KEPT = 1000;

interface Burial {
  packageId: number;
  removed: Array<{ reference: string; digest: string }>;
  /** A principal. */
  by: string;
}

/**
 * Notes that tags or digests were removed, in the transaction that removes them; the package's oldest notes go. The caller
 * has passed the package's gate.
 */
export async function bury(tx: Transaction, { packageId, removed, by }: Burial): Promise<void> {
  if (removed.length === 0) return;
  await tx.$executeRaw`
    WITH buried AS (
      INSERT INTO tombstones (package_id, reference, digest, removed_by)
      SELECT ${packageId}, reference, digest, ${by} FROM unnest(
        ${removed.map(({ reference }) => reference)}::text[], ${removed.map(({ digest }) => digest)}::text[])
        AS r(reference, digest) ORDER BY reference
      ON CONFLICT (package_id, reference) DO UPDATE SET
        id = DEFAULT, digest = excluded.digest, removed_at = excluded.removed_at, removed_by = excluded.removed_by
    )
    DELETE FROM tombstones WHERE package_id = ${packageId} AND id <= (
      SELECT id FROM tombstones WHERE package_id = ${packageId} ORDER BY id DESC OFFSET ${Math.max(0, KEPT - removed.length)} LIMIT 1)`;
}

/** The same for manifests. */
export const buryDigests = (tx: Transaction, packageId: number, digests: string[], by: string): Promise<void> =>
  bury(tx, { packageId, removed: digests.map((digest) => ({ reference: digest, digest })), by });

/** What was removed is back. */
export async function unbury(tx: Transaction, packageId: number, ...references: string[]): Promise<void> {
  await tx.$executeRaw`DELETE FROM tombstones WHERE package_id = ${packageId} AND reference = ANY(${references}::text[])`;
}
