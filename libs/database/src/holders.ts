import type { Digest } from '#oci';
import type { Database } from './database.js';

/** Names of at most ten packages that hold each of these blobs, deleted ones included. */
export async function holdersOf(database: Database, digests: readonly Digest[]): Promise<Map<Digest, string[]>> {
  if (digests.length === 0) return new Map();
  const rows = await database.$queryRaw<Array<{ digest: Digest; names: string[] }>>`
    SELECT b.digest, array_agg(h.name ORDER BY h.name) AS names
    FROM blobs b CROSS JOIN LATERAL (
      SELECT coalesce(n.full_name, p.deleted_name, 'package ' || p.id) AS name
      FROM package_blobs pb JOIN packages p ON p.id = pb.package_id
      LEFT JOIN package_names n ON n.package_id = p.id AND n.alias_until IS NULL
      WHERE pb.blob_id = b.id LIMIT 10
    ) h
    WHERE b.digest = ANY(${[...new Set(digests)]}::text[]) GROUP BY b.digest`;
  return new Map(rows.map(({ digest, names }) => [digest, names]));
}
