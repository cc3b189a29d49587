import { Prisma } from './database.js';
import type { Transaction } from './transaction.js';

/**
 * When a manifest without a tag becomes due: by its package's rule, else by the instance's (`untaggedAfter` in seconds;
 * undefined for never). An expression that is NULL for never.
 */
export function reviewTime(packageId: number, untaggedAfter: number | undefined): Prisma.Sql {
  return Prisma.sql`(
    SELECT CASE WHEN keeps_untagged THEN NULL
      ELSE now() + make_interval(secs => coalesce(untagged_after, ${untaggedAfter ?? null}::float8)) END
    FROM packages WHERE id = ${packageId})`;
}

interface Review {
  manifestIds: number[];
  packageId: number;
  untaggedAfter: number | undefined;
}

/**
 * Marks manifests to be looked at by the collector of untagged manifests once its rule's time has passed. The mark says
 * "look at this", not "delete this": only the collector that looked clears it. A transaction that moves tags marks last,
 * all at once and in the order of their ids: pushes that put tags back and forth would wait for each other otherwise.
 */
export async function setReview(tx: Transaction, { manifestIds, packageId, untaggedAfter }: Review): Promise<void> {
  await tx.$executeRaw`
    WITH locked AS (SELECT id FROM manifests WHERE id = ANY(${manifestIds}) ORDER BY id FOR NO KEY UPDATE)
    UPDATE manifests SET review_at = ${reviewTime(packageId, untaggedAfter)}
    FROM locked WHERE manifests.id = locked.id`;
}
