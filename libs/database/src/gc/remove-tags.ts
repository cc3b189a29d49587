import type { Digest } from '#oci';
import { type FreedBytes, failpoint, type SeenTag } from '#registry';
import { recordEvents } from '../audit.js';
import { buryDigests } from '../bury.js';
import { freedBytes } from '../freed-bytes.js';
import { passGate } from '../gate.js';
import { findPolicyInForce } from '../retention-in-force.js';
import { setReview } from '../review.js';
import { logDeletedTags } from '../tag-log.js';
import { TagRules } from '../tag-rules.js';
import type { Transaction } from '../transaction.js';
import type { Collected } from './collecting.js';
import { IS_HELD } from './held.js';
import { BY_RETENTION } from './rule-actors.js';

interface Doomed {
  packageId: number;
  revision: string;
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
  isHeld: boolean;
}

/**
 * data-model.md, "Tag DELETE", of tags that a policy decided against: only while that policy counts, and only of those that
 * were not pushed again since. Then "Manifest DELETE" of the versions that this leaves without a tag and that nothing else
 * holds. Waits for the package's gate, and holds it alone.
 */
export async function removeRetainedTags(
  tx: Transaction,
  { packageId, revision, tags }: Doomed,
  rules: { restoreWindow: number; untaggedAfter: number | undefined },
  taken: Collected[],
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
  const { hidden, freed } = await hideVersions(tx, packageId, removed, rules);
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
  packageId: number,
  removed: readonly RemovedTag[],
  { restoreWindow, untaggedAfter }: { restoreWindow: number; untaggedAfter: number | undefined },
): Promise<{ hidden: Map<number, number>; freed: FreedBytes | undefined }> {
  const tagsOf = Map.groupBy(removed, ({ versionId }) => versionId);
  const left = await tx.$queryRaw<Left[]>`
    SELECT m.id, m.digest, (m.size + m.config_size + m.layers_size)::float8 AS bytes, ${IS_HELD} AS "isHeld"
    FROM manifests m WHERE m.id = ANY(${[...tagsOf.keys()]}::int[]) AND m.deleted_at IS NULL ORDER BY m.id`;
  const held = left.filter(({ isHeld }) => isHeld).map(({ id }) => id);
  await tx.$executeRaw`
    UPDATE manifests SET is_leftover = true
    WHERE id = ANY(${held}::int[]) AND NOT EXISTS (SELECT FROM tags t WHERE t.manifest_id = manifests.id)`;
  await setReview(tx, { manifestIds: held, packageId, untaggedAfter });
  const doomed = left
    .filter(({ isHeld }) => !isHeld)
    .map((version) => ({ ...version, tags: (tagsOf.get(version.id) ?? []).map(({ name }) => name).sort() }));
  if (doomed.length === 0) return { hidden: new Map(), freed: undefined };
  const ids = doomed.map(({ id }) => id);
  // What belonged to them alone goes with them, whatever the instance's rule for untagged manifests.
  const freed = await freedBytes(tx, packageId, ids, 'instance', 0);
  await tx.$executeRaw`
    UPDATE manifests SET deleted_at = now(), purge_at = now() + make_interval(secs => ${restoreWindow}::float8),
      deleted_by = ${BY_RETENTION.principal}, deleted_tags = string_to_array(d.tags, ' ')
    FROM unnest(${doomed.map(({ id }) => id)}::int[], ${doomed.map(({ tags }) => tags.join(' '))}::text[]) AS d(id, tags)
    WHERE manifests.id = d.id`;
  const digests = doomed.map(({ digest }) => digest);
  await buryDigests(tx, packageId, digests, BY_RETENTION.principal);
  const data = doomed.map(({ digest, tags }) => ({ digest, tags }));
  await recordEvents(tx, { kind: 'version.delete', packageId, actor: BY_RETENTION, data });
  return { hidden: new Map(doomed.map(({ id, bytes }) => [id, bytes])), freed };
}
