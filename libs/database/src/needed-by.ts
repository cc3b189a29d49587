import type { Digest } from '#oci';
import type { Transaction } from './transaction.js';

/** The live manifest of a package that names this one, with its tags; undefined when none does. */
export async function findNeeding(
  tx: Transaction,
  packageId: number,
  digest: Digest,
): Promise<{ digest: Digest; tags: string[] } | undefined> {
  const [parent] = await tx.$queryRaw<Array<{ digest: Digest; tags: string[] }>>`
    SELECT m.digest, ARRAY(SELECT t.name FROM tags t WHERE t.manifest_id = m.id ORDER BY t.name LIMIT 10) AS tags FROM (
      SELECT manifest_id FROM manifest_children WHERE package_id = ${packageId} AND digest = ${digest}
      UNION ALL SELECT manifest_id FROM manifest_missing WHERE package_id = ${packageId} AND digest = ${digest}
    ) n JOIN manifests m ON m.id = n.manifest_id WHERE m.deleted_at IS NULL LIMIT 1`;
  return parent;
}
