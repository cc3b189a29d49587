import type { Digest } from '#oci';
import type { DueRows } from '#registry';
import { recordEvent } from '../audit.js';
import type { Database } from '../database.js';
import { freedByBatch } from '../freed-bytes.js';
import { passGate } from '../gate.js';
import { findNeeding } from '../needed-by.js';
import { purge, removeTags } from '../purge.js';
import { TagRules } from '../tag-rules.js';
import type { Transaction } from '../transaction.js';
import type { Collected } from './collecting.js';
import type { Decided } from './decided.js';
import { BY_BUILD_CACHE_BUDGET } from './rule-actors.js';

/** Caches that go in one transaction; each takes its references along. */
const BATCH = 50;

/** What holds caches beyond the budget (a tag's rule, an index) may let go of them without a word. */
const LOOK_AGAIN = '1 hour';

/** As `build_cache_packages.looked_with` has it. */
const asLookedWith = (budget: number | undefined): bigint => BigInt(budget ?? -1);

/** Has the collector look at a package that got a cache: called last in the transaction of a push, which passed the gate. */
export async function markBuildCaches(tx: Transaction, packageId: number): Promise<void> {
  await tx.$executeRaw`
    INSERT INTO build_cache_packages AS p (package_id) VALUES (${packageId})
    ON CONFLICT (package_id) DO UPDATE SET looked_with = NULL WHERE p.looked_with IS NOT NULL`;
}

/** Has it look at the caches of a package, if it has any: what it may keep of them has changed. The caller passed the gate. */
export async function markBuildCachesThere(tx: Transaction, packageId: number): Promise<void> {
  await tx.$executeRaw`UPDATE build_cache_packages SET looked_with = NULL WHERE package_id = ${packageId}`;
}

/** Packages with caches that were pushed, or with another budget of the instance, since somebody looked; and of held ones each hour. */
export async function findBuildCachesToLookAt(
  database: Database,
  limit: number,
  after: string | undefined,
  budget: number | undefined,
): Promise<DueRows<number>> {
  const [lookedWith, from] = [asLookedWith(budget), Number(after ?? 0)];
  const rows = await database.$queryRaw<Array<{ id: number }>>`
    SELECT package_id AS id FROM (
      (SELECT package_id FROM build_cache_packages WHERE looked_with IS NULL AND package_id > ${from}::int
        ORDER BY package_id LIMIT ${limit})
      UNION ALL (SELECT package_id FROM build_cache_packages WHERE looked_with < ${lookedWith}::bigint AND package_id > ${from}::int
        ORDER BY package_id LIMIT ${limit})
      UNION ALL (SELECT package_id FROM build_cache_packages WHERE looked_with > ${lookedWith}::bigint AND package_id > ${from}::int
        ORDER BY package_id LIMIT ${limit})
      UNION (SELECT package_id FROM build_cache_packages WHERE again_at <= now() AND package_id > ${from}::int
        ORDER BY package_id LIMIT ${limit})
    ) due ORDER BY package_id LIMIT ${limit}`;
  return { rows: rows.map(({ id }) => id), next: rows.length === limit ? String(rows.at(-1)?.id) : undefined };
}

interface Cache {
  id: number;
  digest: Digest;
  usedAt: Date;
  /** Of the manifest and those of its blobs that no cache used later holds: what is freed once all used before it are gone. */
  bytes: number;
}

/**
 * Deletes the least recently used build caches of a package for good until the rest fits into its budget, or a batch of
 * them. Those stay that a live manifest names or whose tag a rule protects. Waits for the package's gate, and holds it alone.
 */
export async function evictBuildCaches(
  tx: Transaction,
  packageId: number,
  rules: { buildCacheBudget: number | undefined; untaggedAfter: number | undefined },
  taken: Collected[],
  decided: Decided | undefined,
): Promise<{ evicted: number; isDone: boolean }> {
  await passGate(tx, packageId, 'taking away');
  const caches = await measure(tx, packageId);
  const budget = await budgetOf(tx, packageId, rules.buildCacheBudget);
  const tagRules = await TagRules.of(tx, packageId, BY_BUILD_CACHE_BUDGET);
  let total = caches.reduce((sum, { bytes }) => sum + bytes, 0);
  let evicted = 0;
  for (const cache of caches) {
    if (budget === undefined || total <= budget) break;
    if (evicted === BATCH) return { evicted, isDone: false };
    if (!(await mayGo(tx, packageId, cache, tagRules))) continue;
    const { untaggedAfter } = rules;
    const freed = await freedByBatch(tx, { packageId, manifestIds: [cache.id], untaggedAfter }, decided);
    await evict(tx, packageId, cache, tagRules, untaggedAfter);
    evicted += 1;
    total -= cache.bytes;
    const reason = `build caches over their budget of ${budget} bytes; last used ${cache.usedAt.toISOString()}`;
    taken.push({ kind: 'build_caches', packageId, digest: cache.digest, bytes: cache.bytes, reason, freed });
  }
  if (caches.length === evicted) await tx.$executeRaw`DELETE FROM build_cache_packages WHERE package_id = ${packageId}`;
  else {
    const isOver = budget !== undefined && total > budget;
    await tx.$executeRaw`
      UPDATE build_cache_packages SET looked_with = ${asLookedWith(rules.buildCacheBudget)}::bigint,
        again_at = CASE WHEN ${isOver} THEN now() + ${LOOK_AGAIN}::interval END
      WHERE package_id = ${packageId}`;
  }
  return { evicted, isDone: true };
}

/** In bytes; undefined for none. A deleted package keeps all that it has until it is purged. */
async function budgetOf(
  tx: Transaction,
  packageId: number,
  ofInstance: number | undefined,
): Promise<number | undefined> {
  const [row] = await tx.$queryRaw<Array<{ budget: number | null; keeps: boolean }>>`
    SELECT build_cache_budget::float8 AS budget, keeps_build_caches OR deleted_at IS NOT NULL AS keeps
    FROM packages WHERE id = ${packageId}`;
  return row?.keeps ? undefined : (row?.budget ?? ofInstance);
}

/** The least recently used first. A blob that several caches hold counts once, for the one that was used last. */
function measure(tx: Transaction, packageId: number): Promise<Cache[]> {
  return tx.$queryRaw<Cache[]>`
    WITH caches AS (
      SELECT m.id, m.digest, m.size, greatest(m.pushed_at, d.last_at,
        (SELECT max(t.pushed_at) FROM tags t WHERE t.manifest_id = m.id)) AS used_at
      FROM manifests m LEFT JOIN manifest_downloads d ON d.manifest_id = m.id
      WHERE m.package_id = ${packageId} AND m.class = 'build_cache' AND m.deleted_at IS NULL
    ), held AS (
      SELECT DISTINCT ON (u.digest) c.id, b.size FROM caches c
      JOIN manifest_blobs u ON u.manifest_id = c.id
      JOIN package_blobs l ON l.package_id = u.package_id AND l.digest = u.digest
      JOIN blobs b ON b.id = l.blob_id
      ORDER BY u.digest, c.used_at DESC, c.id DESC
    )
    SELECT c.id, c.digest, c.used_at AS "usedAt", (c.size + coalesce(sum(h.size), 0))::float8 AS bytes
    FROM caches c LEFT JOIN held h ON h.id = c.id
    GROUP BY c.id, c.digest, c.size, c.used_at ORDER BY c.used_at, c.id`;
}

async function mayGo(tx: Transaction, packageId: number, { id, digest }: Cache, rules: TagRules): Promise<boolean> {
  if (await findNeeding(tx, packageId, digest)) return false;
  const tags = await tx.$queryRaw<Array<{ name: string }>>`SELECT name FROM tags WHERE manifest_id = ${id}`;
  for (const { name } of tags) if (await rules.violation({ tag: name, from: digest, to: undefined })) return false;
  return true;
}

/** With its tags, and at once, as nobody would restore it. */
async function evict(
  tx: Transaction,
  packageId: number,
  { id, digest }: Cache,
  rules: TagRules,
  untaggedAfter: number | undefined,
): Promise<void> {
  const removed = await removeTags(tx, { id, packageId, digest }, rules, BY_BUILD_CACHE_BUDGET);
  await purge(tx, { id, packageId, digest }, untaggedAfter);
  await recordEvent(tx, {
    kind: 'manifest.delete',
    packageId,
    actor: BY_BUILD_CACHE_BUDGET,
    data: { digest, tags: removed },
  });
}
