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

interface Referrer {
  digest: Digest;
  by: string;
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
 * manifests it named are reviewed, referrers that nothing else holds go with it (data-model.md, "Purge"). One that an index still
 * names only becomes invisible now, and goes with the last that names it: when that may no longer be restored itself, and a
 * day later at the earliest where one is live. What goes in the end does not hang on which of two went first: a referrer that an
 * index kept when its subject went goes with that index. The caller holds the package's gate alone. Answers whether it is gone.
 */
export async function purge(tx: Transaction, doomed: Doomed, untaggedAfter: number | undefined): Promise<boolean> {
  const { id, packageId } = doomed;
  if (await waitsForIndex(tx, doomed)) return false;
  await tx.$executeRaw`
    UPDATE package_blobs SET idle_since = now()
    WHERE package_id = ${packageId} AND digest IN (SELECT digest FROM manifest_blobs WHERE manifest_id = ${id}
      UNION ALL SELECT digest FROM manifest_missing WHERE manifest_id = ${id})`;
  const named = await findNamed(tx, doomed);
  if (named.length > 0) await reviewNamed(tx, doomed, named, untaggedAfter);
  await takeReferrers(tx, doomed, named);
  await tx.$executeRaw`DELETE FROM manifests WHERE id = ${id}`;
  return true;
}

/** The live manifests that it names. One look-up each, as the planner makes a walk over all manifests of a join. */
async function findNamed(tx: Transaction, { id, packageId }: Doomed): Promise<number[]> {
  const rows = await tx.$queryRaw<Array<{ id: number }>>`
    SELECT h.id FROM (
      SELECT digest FROM manifest_children WHERE manifest_id = ${id}
      UNION ALL SELECT digest FROM manifest_missing WHERE manifest_id = ${id}
    ) c CROSS JOIN LATERAL (
      SELECT id FROM manifests m
      WHERE m.package_id = ${packageId} AND m.digest = c.digest AND m.deleted_at IS NULL LIMIT 1) h`;
  return rows.map((row) => row.id);
}

/** What a retention policy removed takes along what belonged to it alone, under whatever rule for untagged manifests. */
async function reviewNamed(
  tx: Transaction,
  { id, packageId }: Doomed,
  named: readonly number[],
  untaggedAfter: number | undefined,
): Promise<void> {
  await tx.$executeRaw`
    UPDATE manifests SET is_leftover = true
    WHERE id = ANY(${named}::int[])
      AND EXISTS (SELECT FROM manifests d WHERE d.id = ${id} AND d.deleted_by = ${BY_RETENTION.principal})
      AND NOT EXISTS (SELECT FROM tags t WHERE t.manifest_id = manifests.id)`;
  await tx.$executeRaw`
    UPDATE manifests SET review_at = ${reviewTime(packageId, untaggedAfter)} WHERE id = ANY(${named}::int[])`;
}

/** Due as soon as those that name it are; untouched, and still due, where they are to go in the same pass. */
async function waitsForIndex(tx: Transaction, { id, packageId, digest }: Doomed): Promise<boolean> {
  const waiting = await tx.$executeRaw`
    UPDATE manifests SET deleted_at = coalesce(deleted_at, now()), purge_at = n.until,
      deleted_tags = CASE WHEN deleted_at IS NULL THEN '{}' ELSE deleted_tags END
    FROM (SELECT CASE WHEN bool_or(h.deleted_at IS NULL) THEN now() + interval '1 day' ELSE max(h.purge_at) END AS until
      FROM (SELECT manifest_id FROM manifest_children WHERE package_id = ${packageId} AND digest = ${digest}
        UNION ALL SELECT manifest_id FROM manifest_missing WHERE package_id = ${packageId} AND digest = ${digest}) c
      JOIN manifests h ON h.id = c.manifest_id) n
    WHERE id = ${id} AND n.until IS NOT NULL`;
  return waiting > 0;
}

/**
 * Lets go with `gone` the live referrers that only it held: its own, and those that it named whose subject went before. Its own
 * that another index names are marked to go with that.
 */
async function takeReferrers(
  tx: Transaction,
  { id, packageId, digest }: Doomed,
  named: readonly number[],
): Promise<void> {
  const isLetGo = Prisma.sql`r.package_id = ${packageId} AND r.deleted_at IS NULL AND r.id <> ${id}
    AND NOT EXISTS (SELECT FROM tags t WHERE t.manifest_id = r.id)`;
  const isNamed = Prisma.sql`(
    EXISTS (SELECT FROM manifest_children c
      WHERE c.package_id = r.package_id AND c.digest = r.digest AND c.manifest_id <> ${id})
    OR EXISTS (SELECT FROM manifest_missing c
      WHERE c.package_id = r.package_id AND c.digest = r.digest AND c.manifest_id <> ${id}))`;
  await tx.$executeRaw`
    UPDATE manifests r SET is_leftover = true WHERE ${isLetGo} AND r.subject_digest = ${digest} AND ${isNamed}`;
  const own = await tx.$queryRaw<Referrer[]>`
    UPDATE manifests r SET deleted_at = now(), purge_at = now(), is_leftover = false,
      deleted_by = CASE d.deleted_by WHEN ${BY_RETENTION.principal} THEN d.deleted_by ELSE ${WITH_SUBJECT} END
    FROM manifests d WHERE d.id = ${id} AND ${isLetGo} AND r.subject_digest = ${digest} AND NOT ${isNamed}
    RETURNING r.digest, r.deleted_by AS by`;
  const left =
    named.length === 0
      ? []
      : await tx.$queryRaw<Referrer[]>`
    UPDATE manifests r SET deleted_at = now(), purge_at = now(), is_leftover = false, deleted_by = ${WITH_SUBJECT}
    WHERE ${isLetGo} AND r.is_leftover AND r.subject_digest IS NOT NULL AND NOT ${isNamed}
      AND r.id = ANY(${named}::int[])
      AND NOT EXISTS (SELECT FROM manifests s WHERE s.package_id = r.package_id AND s.digest = r.subject_digest
        AND s.id <> ${id})
    RETURNING r.digest, r.deleted_by AS by`;
  for (const [by, taken] of Map.groupBy([...own, ...left], (referrer) => referrer.by)) {
    const digests = taken.map((referrer) => referrer.digest);
    await buryDigests(tx, packageId, digests, by);
  }
}
