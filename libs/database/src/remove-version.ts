import type { Digest } from '#oci';
import type { Actor, VersionRemoval } from '#registry';
import { recordEvent } from './audit.js';
import { buryDigests } from './bury.js';
import { downloadsOf } from './downloads.js';
import { findNeeding } from './needed-by.js';
import type { DeletionLimits } from './prisma-package-directory.js';
import { removeTags } from './purge.js';
import { TagRules, type TagViolation } from './tag-rules.js';
import type { Transaction } from './transaction.js';

interface Version {
  id: number;
  packageId: number;
}

/** Hides one version for the restore window (data-model.md, "Manifest DELETE"). The caller holds the package's gate alone. */
export async function removeVersion(
  tx: Transaction,
  { id, packageId }: Version,
  actor: Actor,
  { restoreWindow, maxDownloads }: DeletionLimits,
): Promise<VersionRemoval> {
  const [version] = await tx.$queryRaw<Array<{ digest: Digest; isPublic: boolean }>>`
    SELECT m.digest, p.visibility = 'public' AS "isPublic" FROM manifests m JOIN packages p ON p.id = m.package_id
    WHERE m.id = ${id} AND m.package_id = ${packageId} AND m.deleted_at IS NULL AND p.deleted_at IS NULL
      AND m.class <> 'build_cache'`;
  if (!version) return 'unknown';
  const parent = await findNeeding(tx, packageId, version.digest);
  if (parent) return { reason: 'needed', by: parent.digest, tags: parent.tags };
  if (version.isPublic && maxDownloads !== undefined) {
    const downloads = await downloadsOf(tx, id);
    if (downloads > maxDownloads) return { reason: 'downloads', downloads };
  }
  const rules = await TagRules.of(tx, packageId, actor);
  const violation = await findViolation(tx, id, version.digest, rules);
  if (violation) return { reason: 'protected', tag: violation.tag, rule: violation.rule };
  const tags = await removeTags(tx, { id, packageId, digest: version.digest }, rules, actor);
  await tx.$executeRaw`
    UPDATE manifests SET deleted_at = now(), purge_at = now() + make_interval(secs => ${restoreWindow}::float8),
      deleted_by = ${actor.principal}, deleted_tags = ${tags}::text[]
    WHERE id = ${id}`;
  await buryDigests(tx, packageId, [version.digest], actor.principal);
  await recordEvent(tx, { kind: 'version.delete', packageId, actor, data: { digest: version.digest, tags } });
  return 'removed';
}

/** Asked before anything changes: other versions of the same call may go while this one stays. */
async function findViolation(
  tx: Transaction,
  id: number,
  digest: Digest,
  rules: TagRules,
): Promise<TagViolation | undefined> {
  const tags = await tx.$queryRaw<
    Array<{ name: string }>
  >`SELECT name FROM tags WHERE manifest_id = ${id} ORDER BY name`;
  for (const { name } of tags) {
    const violation = await rules.violation({ tag: name, from: digest, to: undefined });
    if (violation) return violation;
  }
  return undefined;
}
