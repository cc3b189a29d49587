import type { Digest } from '#oci';
import type { Actor } from '#registry';
import { buryDigests } from './bury.js';
import { Prisma } from './database.js';
import { BY_RETENTION } from './gc/rule-actors.js';
import { reviewTime } from './review.js';
import { logDeletedTags } from './tag-log.js';
import type { TagRules } from './tag-rules.js';
import type { Transaction } from './transaction.js';

/** What takes a signature or an SBOM away once the manifest that it is about is gone. */
const WITH_SUBJECT = 'rule:subject-removed';

interface Doomed {
  id: number;
  packageId: number;
  digest: Digest;
}

/**
 * Takes a manifest's tags away, writes their history and answers them. The caller holds the package's gate alone.
 * Errors: DENIED where a rule for tags forbids it.
 */
export async function removeTags(
  tx: Transaction,
  { id, packageId, digest }: Doomed,
  rules: TagRules,
  actor: Actor,
): Promise<string[]> {
  const tags = await tx.$queryRaw<Array<{ name: string }>>`
    DELETE FROM tags WHERE manifest_id = ${id} RETURNING name`;
  for (const { name } of tags) await rules.assert({ tag: name, from: digest, to: undefined });
  const names = tags.map(({ name }) => name).sort();
  await logDeletedTags(
    tx,
    packageId,
    names.map((name) => ({ name, digest })),
    actor,
  );
  return names;
}

/**
 * Deletes a manifest's row for good and marks what it held, what came only after it included: its links start their grace,
 * manifests it named are reviewed, referrers that nothing else holds go with it (data-model.md, "Purge"). One that a restorable
 * index still names only becomes invisible now and is tried again a day later. The caller holds the package's gate alone.
 * Answers whether it is gone.
 */
export async function purge(tx: Transaction, doomed: Doomed, untaggedAfter: number | undefined): Promise<boolean> {
  const { id, packageId, digest } = doomed;
  const naming = await tx.$queryRaw<unknown[]>`
    SELECT 1 FROM manifest_children WHERE package_id = ${packageId} AND digest = ${digest}
    UNION ALL SELECT 1 FROM manifest_missing WHERE package_id = ${packageId} AND digest = ${digest} LIMIT 1`;
  if (naming.length > 0) {
    await tx.$executeRaw`
      UPDATE manifests SET deleted_at = coalesce(deleted_at, now()), purge_at = now() + interval '1 day' WHERE id = ${id}`;
    return false;
  }
  await tx.$executeRaw`
    UPDATE package_blobs SET idle_since = now()
    WHERE package_id = ${packageId} AND digest IN (SELECT digest FROM manifest_blobs WHERE manifest_id = ${id}
      UNION ALL SELECT digest FROM manifest_missing WHERE manifest_id = ${id})`;
  const isNamed = Prisma.sql`package_id = ${packageId} AND deleted_at IS NULL AND digest IN (
    SELECT digest FROM manifest_children WHERE manifest_id = ${id}
    UNION ALL SELECT digest FROM manifest_missing WHERE manifest_id = ${id})`;
  // What a retention policy removed takes along what belonged to it alone, under whatever rule for untagged manifests.
  await tx.$executeRaw`
    UPDATE manifests SET is_leftover = true
    WHERE ${isNamed} AND EXISTS (SELECT FROM manifests d WHERE d.id = ${id} AND d.deleted_by = ${BY_RETENTION.principal})
      AND NOT EXISTS (SELECT FROM tags t WHERE t.manifest_id = manifests.id)`;
  await tx.$executeRaw`
    UPDATE manifests SET review_at = ${reviewTime(packageId, untaggedAfter)} WHERE ${isNamed}`;
  const referrers = await tx.$queryRaw<Array<{ digest: Digest }>>`
    UPDATE manifests r SET deleted_at = now(), purge_at = now(), deleted_by = ${WITH_SUBJECT}
    WHERE r.package_id = ${packageId} AND r.subject_digest = ${digest} AND r.deleted_at IS NULL AND r.id <> ${id}
      AND NOT EXISTS (SELECT FROM tags t WHERE t.manifest_id = r.id)
      AND NOT EXISTS (SELECT FROM manifest_children c WHERE c.package_id = r.package_id AND c.digest = r.digest)
      AND NOT EXISTS (SELECT FROM manifest_missing c WHERE c.package_id = r.package_id AND c.digest = r.digest)
    RETURNING r.digest`;
  await buryDigests(
    tx,
    packageId,
    referrers.map((referrer) => referrer.digest),
    WITH_SUBJECT,
  );
  await tx.$executeRaw`DELETE FROM manifests WHERE id = ${id}`;
  return true;
}
