import type { Transaction } from './transaction.js';

/** Downloads of one version. */
export async function downloadsOf(tx: Transaction, manifestId: number): Promise<number> {
  const [row] = await tx.$queryRaw<Array<{ count: number }>>`
    SELECT count::float8 AS count FROM manifest_downloads WHERE manifest_id = ${manifestId}`;
  return row?.count ?? 0;
}

/** Downloads of a package's live version that has the most. */
export async function mostDownloads(tx: Transaction, packageId: number): Promise<number> {
  const [row] = await tx.$queryRaw<Array<{ count: number }>>`
    SELECT coalesce(max(d.count), 0)::float8 AS count FROM manifests m JOIN manifest_downloads d ON d.manifest_id = m.id
    WHERE m.package_id = ${packageId} AND m.deleted_at IS NULL AND m.class <> 'build_cache'`;
  return row?.count ?? 0;
}
