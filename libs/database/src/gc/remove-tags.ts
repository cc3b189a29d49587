import type { Digest } from '#oci';
import { type FreedBytes, failpoint, type Judging, type SeenTag } from '#registry';
import { recordEvents } from '../audit.js';
import { buryDigests } from '../bury.js';
import { freedByBatch } from '../freed-bytes.js';
import { passGate } from '../gate.js';
import { timeOf } from '../prisma-retention-store.js';
import { findPolicyInForce } from '../retention-in-force.js';
import { setReview } from '../review.js';
import { logDeletedTags } from '../tag-log.js';
import { TagRules } from '../tag-rules.js';
import type { Transaction } from '../transaction.js';
import type { Collected } from './collecting.js';
import type { Decided } from './decided.js';
import { IS_HELD } from './held.js';
import { BY_RETENTION } from './rule-actors.js';

interface Doomed extends Judging {
  tags: readonly SeenTag[];
}

interface RemovedTag {
  name: string;
  versionId: number;
  digest: Digest;
}

interface Left {
  id: number;
  digest: Digest;
  bytes: number;
  /** All that it lost in this pass. */
  tags: string[];
  isHeld: boolean;
}

/**
 * data-model.md, "Tag DELETE", of tags that a policy decided against: only while that policy counts, and only of those that
 * were not pushed again since. Then "Manifest DELETE" of the versions that this leaves without a tag and that nothing else
 * holds. Waits for the package's gate, and holds it alone.
 */
export async function removeRetainedTags(
  tx: Transaction,
  { packageId, revision, begun, tags }: Doomed,
  rules: { restoreWindow: number; untaggedAfter: number | undefined },
  taken: Collected[],
  decided: Decided | undefined,
): Promise<number | 'stale'> {
  await passGate(tx, packageId, 'taking away');
  const policy = await findPolicyInForce(tx, packageId, { locks: true });
  if (policy?.revision !== revision) return 'stale';
  const protections = await TagRules.of(tx, packageId, BY_RETENTION);
  const free = tags.filter(({ name }) => !protections.protection(name));
  const removed = await tx.$queryRaw<RemovedTag[]>`
    DELETE FROM tags t USING manifests m, unnest(${free.map(({ name }) => name)}::text[],
      ${free.map(({ versionId }) => versionId)}::int[], ${free.map(({ pushedAt }) => pushedAt)}::float8[])
      AS seen(name, manifest_id, pushed_at)
    WHERE t.package_id = ${packageId} AND t.name = seen.name AND t.manifest_id = seen.manifest_id
      AND t.pushed_at = 'epoch'::timestamptz + seen.pushed_at * interval '1 microsecond' AND m.id = t.manifest_id
    RETURNING t.name, m.id AS "versionId", m.digest`;
  if (removed.length === 0) return 0;
  failpoint('in-retention');
  await logDeletedTags(tx, packageId, removed, BY_RETENTION);
  const data = removed.map(({ name, digest }) => ({ tag: name, digest }));
  await recordEvents(tx, { kind: 'tag.delete', packageId, actor: BY_RETENTION, data });
  const { hidden, freed } = await hideVersions(tx, { packageId, begun, removed }, rules, decided);
  const from = `of the ${policy.holder}'s retention policy`;
  for (const [i, { name, versionId, digest }] of removed.entries()) {
    const bytes = hidden.get(versionId);
    hidden.delete(versionId); // counted once
    const rest = bytes === undefined ? '' : '; nothing else holds its version';
    taken.push({
      kind: 'retention',
      packageId,
      digest,
      bytes: bytes ?? 0,
      reason: `no rule ${from} keeps the tag ${name}${rest}`,
      freed: i === 0 ? freed : undefined,
    });
  }
  return removed.length;
}

/** Answers the bytes of each version that is hidden now, by id, and what hiding them frees of the whole registry. */
async function hideVersions(
  tx: Transaction,
  { packageId, begun, removed }: { packageId: number; begun: number; removed: readonly RemovedTag[] },
  { restoreWindow, untaggedAfter }: { restoreWindow: number; untaggedAfter: number | undefined },
  decided: Decided | undefined,
): Promise<{ hidden: Map<number, number>; freed: FreedBytes | undefined }> {
  const tagsOf = Map.groupBy(removed, ({ versionId }) => versionId);
  await keepTags(tx, begun, tagsOf);
  const left = await tx.$queryRaw<Left[]>`
    SELECT m.id, m.digest, m.deleted_tags AS tags, (m.size + m.config_size + m.layers_size)::float8 AS bytes, ${IS_HELD} AS "isHeld"
    FROM manifests m WHERE m.id = ANY(${[...tagsOf.keys()]}::int[]) AND m.deleted_at IS NULL ORDER BY m.id`;
  const held = left.filter(({ isHeld }) => isHeld).map(({ id }) => id);
  await tx.$executeRaw`
    UPDATE manifests SET is_leftover = true
    WHERE id = ANY(${held}::int[]) AND NOT EXISTS (SELECT FROM tags t WHERE t.manifest_id = manifests.id)`;
  await setReview(tx, { manifestIds: held, packageId, untaggedAfter });
  const doomed = left.filter(({ isHeld }) => !isHeld);
  if (doomed.length === 0) return { hidden: new Map(), freed: undefined };
  const ids = doomed.map(({ id }) => id);
  const batch = { packageId, manifestIds: ids, untaggedAfter, byRetention: true };
  const freed = await freedByBatch(tx, batch, decided);
  await tx.$executeRaw`
    UPDATE manifests SET deleted_at = now(), purge_at = now() + make_interval(secs => ${restoreWindow}::float8),
      deleted_by = ${BY_RETENTION.principal}
    WHERE id = ANY(${ids}::int[])`;
  const digests = doomed.map(({ digest }) => digest);
  await buryDigests(tx, packageId, digests, BY_RETENTION.principal);
  const data = doomed.map(({ digest, tags }) => ({ digest, tags }));
  await recordEvents(tx, { kind: 'version.delete', packageId, actor: BY_RETENTION, data });
  return { hidden: new Map(doomed.map(({ id, bytes }) => [id, bytes])), freed };
}

/**
 * Notes at live versions the tags that they lose, for whoever restores one that loses all: a pass may take them in several
 * batches. What an earlier pass took, which began before `begun` (microseconds), is not put back.
 */
async function keepTags(tx: Transaction, begun: number, tagsOf: Map<number, RemovedTag[]>): Promise<void> {
  const lists = [...tagsOf.values()].map((tags) =>
    tags
      .map(({ name }) => name)
      .sort()
      .join(' '),
  );
  await tx.$executeRaw`
    UPDATE manifests m SET deleted_tags = string_to_array(d.tags, ' ') || CASE WHEN EXISTS (
        SELECT FROM tag_log l WHERE l.package_id = m.package_id AND l.name = m.deleted_tags[1] AND l.from_digest = m.digest
          AND l.to_digest IS NULL AND l.actor = ${BY_RETENTION.principal} AND l.at >= ${timeOf(begun)})
      THEN m.deleted_tags ELSE '{}' END
    FROM unnest(${[...tagsOf.keys()]}::int[], ${lists}::text[]) AS d(id, tags)
    WHERE m.id = d.id AND m.deleted_at IS NULL`;
}
