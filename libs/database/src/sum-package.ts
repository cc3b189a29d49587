import type { PackageStorage } from '#registry';
import type { Transaction } from './transaction.js';

/** Up to so many blobs and manifests a package is added up when somebody asks. */
const SUMMED_AT_ONCE = 10_000;

type Sums = Omit<PackageStorage, 'packageId' | 'name' | 'deletedAt'> & { at: Date };

/** What a package stores now; undefined where that is too much to add up for one question. */
export async function sumPackage(tx: Transaction, packageId: number): Promise<Sums | undefined> {
  const [size] = await tx.$queryRaw<Array<{ isTooMuch: boolean }>>`
    SELECT greatest(
      (SELECT count(*) FROM (SELECT FROM package_blobs WHERE package_id = ${packageId} LIMIT ${SUMMED_AT_ONCE + 1}) l),
      (SELECT count(*) FROM (SELECT FROM manifests WHERE package_id = ${packageId} LIMIT ${SUMMED_AT_ONCE + 1}) m)
    ) > ${SUMMED_AT_ONCE} AS "isTooMuch"`;
  if (size?.isTooMuch) return undefined;
  const [links] = await tx.$queryRaw<
    Array<{
      at: Date;
      blobs: number;
      logicalBytes: number;
      exclusiveBytes: number;
      namespaceExclusiveBytes: number;
    }>
  >`
    SELECT now() AS at, count(*)::float8 AS blobs, coalesce(sum(b.size), 0)::float8 AS "logicalBytes",
      coalesce(sum(b.size) FILTER (WHERE NOT "isElsewhere"), 0)::float8 AS "exclusiveBytes",
      coalesce(sum(b.size) FILTER (WHERE NOT "isNear"), 0)::float8 AS "namespaceExclusiveBytes"
    FROM (SELECT blob_id FROM package_blobs WHERE package_id = ${packageId} LIMIT ${SUMMED_AT_ONCE}) l
    JOIN blobs b ON b.id = l.blob_id
    CROSS JOIN LATERAL (SELECT
      (SELECT true FROM package_blobs o WHERE o.blob_id = b.id AND o.package_id <> ${packageId} LIMIT 1) IS NOT NULL
        AS "isElsewhere",
      (SELECT true FROM package_blobs o JOIN packages p ON p.id = o.package_id
        WHERE o.blob_id = b.id AND o.package_id <> ${packageId}
          AND p.namespace_id = (SELECT namespace_id FROM packages WHERE id = ${packageId}) LIMIT 1) IS NOT NULL
        AS "isNear") held`;
  const [manifests] = await tx.$queryRaw<
    Array<{ versions: number; manifestBytes: number; pushedAt: Date | null; pulledAt: Date | null }>
  >`
    SELECT count(*) FILTER (WHERE deleted_at IS NULL)::float8 AS versions,
      coalesce(sum(size), 0)::float8 AS "manifestBytes", max(pushed_at) AS "pushedAt", max(d.last_at) AS "pulledAt"
    FROM (SELECT id, size, pushed_at, deleted_at FROM manifests WHERE package_id = ${packageId}
      LIMIT ${SUMMED_AT_ONCE}) m LEFT JOIN manifest_downloads d ON d.manifest_id = m.id`;
  if (!links || !manifests) return undefined;
  const { versions, manifestBytes, pushedAt, pulledAt } = manifests;
  return { ...links, versions, manifestBytes, pushedAt: pushedAt ?? undefined, pulledAt: pulledAt ?? undefined };
}
