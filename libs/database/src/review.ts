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
  manifestId: number;
  packageId: number;
  untaggedAfter: number | undefined;
}

/**
 * Marks a manifest to be looked at by the collector of untagged manifests once its rule's time has passed. The mark says
 * "look at this", not "delete this": only the collector that looked clears it.
 */
export async function setReview(tx: Transaction, { manifestId, packageId, untaggedAfter }: Review): Promise<void> {
  await tx.$executeRaw`
    UPDATE manifests SET review_at = ${reviewTime(packageId, untaggedAfter)} WHERE id = ${manifestId}`;
}
