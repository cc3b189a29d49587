import type { Digest } from '#oci';
import type { DueManifest, DueRows } from '#registry';
import { recordEvent, recordEvents } from '../audit.js';
import { buryDigests } from '../bury.js';
import type { Database } from '../database.js';
import { freedByBatch } from '../freed-bytes.js';
import { passGate } from '../gate.js';
import { purge } from '../purge.js';
import { UNTAGGED_CACHE } from '../review.js';
import type { Transaction } from '../transaction.js';
import type { Collected } from './collecting.js';
import type { Decided } from './decided.js';
import { IS_HELD } from './held.js';
import { duePage, placeAfter } from './mark-cursor.js';
import { BY_RETENTION, BY_UNTAGGED } from './rule-actors.js';

export async function findDueManifests(
  database: Database,
  limit: number,
  after: string | undefined,
): Promise<DueRows<DueManifest>> {
  const { at, key } = placeAfter(after);
  const rows = await database.$queryRaw<Array<DueManifest & { at: string }>>`
    SELECT id, package_id AS "packageId", review_at::text AS at FROM manifests
    WHERE review_at <= now() AND deleted_at IS NULL AND (review_at, id) > (${at}::timestamptz, ${Number(key[0] ?? 0)}::int)
    ORDER BY review_at, id LIMIT ${limit}`;
  return duePage(
    rows,
    limit,
    (row) => [row.id],
    ({ id, packageId }) => ({ id, packageId }),
  );
}

interface Reviewed {
  id: number;
  isCache: boolean;
  digest: Digest;
  bytes: number;
  isHeld: boolean;
  /** Part of what a retention policy removed, which had its restore window. */
  isLeftover: boolean;
  /** When its time comes, by the rules of today, as PostgreSQL writes it; null for never. */
  dueAt: string | null;
  isDue: boolean;
}

/** data-model.md, "Untagged collection". Build caches go for good at once: nobody restores one. Waits for the package's gate, and holds it alone. */
export async function collectUntagged(
  tx: Transaction,
  packageId: number,
  ids: readonly number[],
  rules: { untaggedAfter: number | undefined; restoreWindow: number },
  taken: Collected[],
  decided: Decided | undefined,
): Promise<number> {
  await passGate(tx, packageId, 'taking away');
  const reviewed = await review(tx, packageId, ids, rules.untaggedAfter);
  const kept = reviewed.filter(({ isHeld }) => isHeld).map(({ id }) => id);
  const later = reviewed.filter(({ isHeld, isDue }) => !isHeld && !isDue);
  const doomed = reviewed.filter(({ isCache, isHeld, isDue }) => !isCache && !isHeld && isDue);
  const caches = reviewed.filter(({ isCache, isHeld, isDue }) => isCache && !isHeld && isDue);
  const doomedIds = doomed.map(({ id }) => id);
  const { untaggedAfter } = rules;
  const freed = await freedByBatch(tx, { packageId, manifestIds: doomedIds, untaggedAfter }, decided);
  const cacheIds = caches.map(({ id }) => id);
  const freedByCaches = await freedByBatch(tx, { packageId, manifestIds: cacheIds, untaggedAfter }, decided);
  await tx.$executeRaw`UPDATE manifests SET review_at = NULL WHERE id = ANY(${kept}::int[])`;
  await tx.$executeRaw`
    UPDATE manifests SET review_at = l.due_at::timestamptz
    FROM unnest(${later.map(({ id }) => id)}::int[], ${later.map(({ dueAt }) => dueAt)}::text[]) AS l(id, due_at)
    WHERE manifests.id = l.id`;
  await tx.$executeRaw`
    UPDATE manifests SET deleted_at = now(), deleted_tags = '{}',
      purge_at = CASE WHEN is_leftover THEN now() ELSE now() + make_interval(secs => ${rules.restoreWindow}::float8) END,
      deleted_by = CASE WHEN is_leftover THEN ${BY_RETENTION.principal} ELSE ${BY_UNTAGGED.principal} END
    WHERE id = ANY(${doomedIds}::int[])`;
  for (const actor of [BY_UNTAGGED, BY_RETENTION]) {
    const digests = doomed
      .filter(({ isLeftover }) => isLeftover === (actor === BY_RETENTION))
      .map(({ digest }) => digest);
    await buryDigests(tx, packageId, digests, actor.principal);
    const data = digests.map((digest) => ({ digest, tags: [] }));
    await recordEvents(tx, { kind: 'version.delete', packageId, actor, data });
  }
  for (const [i, { digest, bytes, isLeftover }] of doomed.entries()) {
    const reason = isLeftover
      ? 'it was part of what a retention policy removed'
      : 'no tag for as long as the rule says';
    taken.push({ kind: 'untagged', packageId, digest, bytes, reason, freed: i === 0 ? freed : undefined });
  }
  for (const [i, { id, digest, bytes }] of caches.entries()) {
    await purge(tx, { id, packageId, digest }, rules.untaggedAfter);
    await recordEvent(tx, { kind: 'manifest.delete', packageId, actor: BY_UNTAGGED, data: { digest } });
    taken.push({
      kind: 'build_caches',
      packageId,
      digest,
      bytes,
      reason: 'a build cache without a tag',
      freed: i === 0 ? freedByCaches : undefined,
    });
  }
  return doomed.length + caches.length;
}

/**
 * Looks at manifests under the gate. A pull starts the time of one anew; what a retention policy left over goes whatever the
 * rule; a deleted package keeps all it has until it is purged.
 */
function review(tx: Transaction, packageId: number, ids: readonly number[], untaggedAfter: number | undefined) {
  return tx.$queryRaw<Reviewed[]>`
    SELECT m.id, m.digest, m.class = 'build_cache' AS "isCache", (m.size + m.config_size + m.layers_size)::float8 AS bytes,
      m.is_leftover AS "isLeftover", ${IS_HELD} AS "isHeld",
      due.at::text AS "dueAt", coalesce(due.at <= now(), false) AS "isDue"
    FROM manifests m JOIN packages p ON p.id = m.package_id LEFT JOIN manifest_downloads d ON d.manifest_id = m.id
    CROSS JOIN LATERAL (SELECT CASE
        WHEN m.class = 'build_cache' THEN least(coalesce(p.untagged_after, ${untaggedAfter ?? null}::float8), ${UNTAGGED_CACHE})
        WHEN NOT p.keeps_untagged THEN coalesce(p.untagged_after, ${untaggedAfter ?? null}::float8)
      END AS seconds) rule
    CROSS JOIN LATERAL (SELECT CASE
        WHEN p.deleted_at IS NOT NULL THEN p.purge_at
        WHEN m.is_leftover THEN m.review_at
        WHEN rule.seconds IS NULL THEN NULL
        ELSE greatest(m.review_at, d.last_at + make_interval(secs => rule.seconds))
      END AS at) due
    WHERE m.id = ANY(${[...ids]}::int[]) AND m.package_id = ${packageId} AND m.review_at <= now() AND m.deleted_at IS NULL
    ORDER BY m.id`;
}
