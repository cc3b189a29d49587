import { Prisma } from './database.js';
import type { Transaction } from './transaction.js';

/**
 * A build cache that no tag points at any more is of no use: it stays for as long as somebody who asked for the tag before
 * needs to fetch it, or for the rule's time where that is shorter. In seconds.
 */
export const UNTAGGED_CACHE = 2 * 3600;

/**
 * When a manifest without a tag becomes due: by its package's rule, else by the instance's (`untaggedAfter` in seconds;
 * undefined for never). One that a retention policy left over need only outlast a push that is under way. An expression in an
 * UPDATE of manifests, NULL for never.
 */
export function reviewTime(packageId: number, untaggedAfter: number | undefined): Prisma.Sql {
  return Prisma.sql`(
    SELECT CASE WHEN manifests.is_leftover THEN now() + interval '1 day'
      WHEN manifests.class = 'build_cache'
        THEN now() + make_interval(secs => least(coalesce(untagged_after, ${untaggedAfter ?? null}::float8), ${UNTAGGED_CACHE}))
      WHEN keeps_untagged THEN NULL
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
