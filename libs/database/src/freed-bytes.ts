import { type FreedBytes, type FreedWithin, goingManifests, type HeldManifest } from '#registry';
import { Prisma } from './database.js';
import type { Transaction } from './transaction.js';

type Reached = Omit<HeldManifest, 'subject' | 'staysUntagged'> & {
  size: number;
  subject: number | null;
  isCache: boolean;
};

/**
 * What leaves storage when these manifests of a package are deleted and everything that goes with them was collected:
 * referrers, and children that nothing else holds. `exclusive`: bytes of theirs that no other live or restorable manifest
 * uses, of all that `within` lets the reader see. `shared`: bytes of theirs, and of what they name, that others use still,
 * among them those of a manifest that cannot be deleted as an index needs it. Manifests count as well as blobs: for an
 * image that stands alone, the two add up to its size. Blobs whose object was lost take up nothing. Where untagged manifests
 * stay, a referrer that an index names as well is taken to stay: it goes if the index is gone before its subject is.
 *
 * `untaggedAfter`: the instance's rule, in seconds; undefined for never. Costs what the manifests are made of, not what the
 * package or the registry holds.
 */
export async function freedBytes(
  tx: Transaction,
  packageId: number,
  manifestIds: readonly number[],
  within: FreedWithin,
  untaggedAfter: number | undefined,
): Promise<FreedBytes> {
  return freedOf(tx, packageId, manifestIds, new Set(manifestIds), within, untaggedAfter);
}

/**
 * The same for deleting a tag, which takes away no version by itself: nothing goes as long as another tag, an index or a subject
 * holds the version, or the package keeps untagged ones. Undefined where there is no such tag.
 */
export async function freedByTag(
  tx: Transaction,
  packageId: number,
  tag: string,
  within: FreedWithin,
  untaggedAfter: number | undefined,
): Promise<FreedBytes | undefined> {
  const [target] = await tx.$queryRaw<Array<{ id: number }>>`
    SELECT manifest_id AS id FROM tags WHERE package_id = ${packageId} AND name = ${tag}`;
  return target && freedOf(tx, packageId, [target.id], new Set(), within, untaggedAfter, tag);
}

/**
 * The same for versions, of packages of one namespace, that lose all their tags at once and by a retention policy: what nothing
 * else holds is deleted, and what belonged to it alone goes with it, whatever the instance's rule for untagged manifests. What
 * only they share is exclusive to them.
 */
export async function freedByTags(
  tx: Transaction,
  bare: ReadonlyArray<{ packageId: number; versionIds: readonly number[] }>,
  within: FreedWithin,
): Promise<FreedBytes> {
  const found: Found = { going: [], counted: [], exclusive: 0, shared: 0 };
  for (const { packageId, versionIds } of bare) {
    if (versionIds.length === 0) continue;
    const ids = new Set(versionIds);
    const reached = (await reach(tx, packageId, versionIds, undefined)).map((row) =>
      ids.has(row.id) ? { ...row, isTagged: false } : row,
    );
    // A signature outlives its tag for as long as there is what it signs.
    const asked = new Set(reached.filter(({ id, subject }) => ids.has(id) && subject === null).map(({ id }) => id));
    const keepsUntagged = await keepsUntaggedOnes(tx, packageId, 0);
    const { going, counted, exclusive, shared } = findGoing(reached, versionIds, asked, keepsUntagged);
    found.going.push(...going);
    found.counted.push(...counted);
    found.exclusive += exclusive;
    found.shared += shared;
  }
  return addBlobs(tx, bare[0]?.packageId ?? 0, found, within);
}

/** `asked` are deleted, the tag `taken` too if there is one; what goes with them is looked for from `roots`. */
async function freedOf(
  tx: Transaction,
  packageId: number,
  roots: readonly number[],
  asked: ReadonlySet<number>,
  within: FreedWithin,
  untaggedAfter: number | undefined,
  taken?: string,
): Promise<FreedBytes> {
  const reached = await reach(tx, packageId, roots, taken);
  const keepsUntagged = await keepsUntaggedOnes(tx, packageId, untaggedAfter);
  return addBlobs(tx, packageId, findGoing(reached, roots, asked, keepsUntagged), within);
}

/** Manifests that go; those whose blobs count, as they go or were asked for; and bytes of the manifests themselves. */
interface Found extends FreedBytes {
  going: number[];
  counted: number[];
}

function findGoing(
  reached: readonly Reached[],
  roots: readonly number[],
  asked: ReadonlySet<number>,
  keepsUntagged: boolean,
): Found {
  const manifests = reached.map(({ isCache, subject, ...row }) => ({
    ...row,
    subject: subject ?? undefined,
    staysUntagged: keepsUntagged && !isCache, // a cache without a tag goes whatever the rule says
  }));
  const going = goingManifests(manifests, asked);
  const counted = withContents(manifests, new Set([...roots, ...going]));
  const sizes = manifests.filter(({ id }) => counted.has(id));
  const sum = (isGoing: boolean) =>
    sizes.filter(({ id }) => going.has(id) === isGoing).reduce((bytes, { size }) => bytes + size, 0);
  return { going: [...going], counted: [...counted], exclusive: sum(true), shared: sum(false) };
}

/** Of a manifest `h`: live or restorable. */
const HOLDS = Prisma.sql`(h.deleted_at IS NULL OR h.purge_at > now())`;

/** The manifests, what they name, what is about them, and so on from those; the tag `taken` does not count. */
function reach(
  tx: Transaction,
  packageId: number,
  ids: readonly number[],
  taken: string | undefined,
): Promise<Reached[]> {
  return tx.$queryRaw<Reached[]>`
    WITH RECURSIVE reached AS (
      SELECT id FROM manifests WHERE id = ANY(${[...ids]}::int[]) AND package_id = ${packageId}
      UNION
      SELECT n.id FROM reached r CROSS JOIN LATERAL (
        SELECT h.id FROM manifest_children c JOIN manifests h ON h.package_id = c.package_id AND h.digest = c.digest
          WHERE c.manifest_id = r.id AND ${HOLDS}
        UNION ALL
        SELECT h.id FROM manifest_missing c JOIN manifests h ON h.package_id = c.package_id AND h.digest = c.digest
          WHERE c.manifest_id = r.id AND ${HOLDS}
        UNION ALL
        SELECT h.id FROM manifests s JOIN manifests h ON h.package_id = s.package_id AND h.subject_digest = s.digest
          WHERE s.id = r.id AND ${HOLDS}) n
    )
    SELECT m.id, m.size, m.deleted_at IS NULL AS "isLive", m.class = 'build_cache' AS "isCache",
      (SELECT true FROM tags t
        WHERE t.manifest_id = m.id AND t.name IS DISTINCT FROM ${taken ?? null} LIMIT 1) IS NOT NULL AS "isTagged",
      (SELECT true FROM (
          SELECT c.manifest_id FROM manifest_children c WHERE c.package_id = m.package_id AND c.digest = m.digest
          UNION ALL SELECT c.manifest_id FROM manifest_missing c WHERE c.package_id = m.package_id AND c.digest = m.digest
        ) n JOIN manifests h ON h.id = n.manifest_id
        WHERE ${HOLDS} AND h.id NOT IN (SELECT id FROM reached) LIMIT 1) IS NOT NULL AS "isNamedElsewhere",
      ARRAY(SELECT c.id FROM (
          SELECT digest FROM manifest_children WHERE manifest_id = m.id
          UNION SELECT digest FROM manifest_missing WHERE manifest_id = m.id
        ) n JOIN manifests c ON c.package_id = m.package_id AND c.digest = n.digest) AS names,
      (SELECT h.id FROM manifests h
        WHERE h.package_id = m.package_id AND h.digest = m.subject_digest AND ${HOLDS}) AS subject
    FROM reached r CROSS JOIN LATERAL (SELECT * FROM manifests WHERE id = r.id LIMIT 1) m`;
}

async function keepsUntaggedOnes(
  tx: Transaction,
  packageId: number,
  untaggedAfter: number | undefined,
): Promise<boolean> {
  const [row] = await tx.$queryRaw<Array<{ keeps: boolean }>>`
    SELECT keeps_untagged OR coalesce(untagged_after, ${untaggedAfter ?? null}::float8) IS NULL AS keeps
    FROM packages WHERE id = ${packageId}`;
  return row?.keeps ?? true;
}

/** These, and everything that they name. */
function withContents(manifests: readonly HeldManifest[], roots: ReadonlySet<number>): Set<number> {
  const namesOf = new Map(manifests.map(({ id, names }) => [id, names]));
  const found = new Set([...roots].filter((id) => namesOf.has(id)));
  // A set hands out what is added while it is walked.
  for (const id of found) for (const named of namesOf.get(id) ?? []) if (namesOf.has(named)) found.add(named);
  return found;
}

/**
 * Adds the blobs of what was found, each once; the namespace is that of `packageId`. Each look-up is a subquery of its own with
 * a limit, here as above: the planner, which cannot tell how few there are, cannot make a join of it that reads a whole table.
 */
async function addBlobs(
  tx: Transaction,
  packageId: number,
  { going, counted, exclusive, shared }: Found,
  within: FreedWithin,
): Promise<FreedBytes> {
  const [sum] = await tx.$queryRaw<FreedBytes[]>`
    WITH going AS MATERIALIZED (SELECT unnest(${going}::int[]) AS id),
    used AS MATERIALIZED (
      SELECT DISTINCT u.package_id, u.digest FROM unnest(${counted}::int[]) AS c(id) CROSS JOIN LATERAL (
        SELECT package_id, digest FROM manifest_blobs WHERE manifest_id = c.id
        UNION ALL SELECT package_id, digest FROM manifest_missing WHERE manifest_id = c.id) u
    ), held AS MATERIALIZED (
      SELECT b.id, b.size, bool_or(coalesce((
          SELECT true FROM (
            SELECT manifest_id FROM manifest_blobs WHERE package_id = l.package_id AND digest = l.digest
            UNION ALL SELECT manifest_id FROM manifest_missing WHERE package_id = l.package_id AND digest = l.digest
          ) u JOIN manifests h ON h.id = u.manifest_id
          WHERE ${HOLDS} AND h.id NOT IN (SELECT id FROM going) LIMIT 1),
        ${isUsedElsewhere(packageId, within)}, false)) AS "isShared"
      FROM used
      CROSS JOIN LATERAL (SELECT * FROM package_blobs WHERE package_id = used.package_id AND digest = used.digest LIMIT 1) l
      CROSS JOIN LATERAL (SELECT * FROM blobs WHERE id = l.blob_id LIMIT 1) b
      WHERE b.missing_since IS NULL GROUP BY b.id, b.size
    )
    SELECT coalesce(sum(size) FILTER (WHERE NOT "isShared"), 0)::float8 AS exclusive,
      coalesce(sum(size) FILTER (WHERE "isShared"), 0)::float8 AS shared FROM held`;
  return { exclusive: exclusive + (sum?.exclusive ?? 0), shared: shared + (sum?.shared ?? 0) };
}

/** True where another package than that of the link `l` uses blob `b`, one that the reader may see, else null. */
function isUsedElsewhere(packageId: number, within: FreedWithin): Prisma.Sql {
  if (within === 'package') return Prisma.sql`NULL`;
  const isSeen =
    within === 'instance'
      ? Prisma.sql`true`
      : Prisma.sql`p.namespace_id = (SELECT namespace_id FROM packages WHERE id = ${packageId})`;
  return Prisma.sql`(
    SELECT true FROM package_blobs o JOIN packages p ON p.id = o.package_id CROSS JOIN LATERAL (
      SELECT manifest_id FROM manifest_blobs WHERE package_id = o.package_id AND digest = o.digest
      UNION ALL SELECT manifest_id FROM manifest_missing WHERE package_id = o.package_id AND digest = o.digest
    ) u JOIN manifests h ON h.id = u.manifest_id
    WHERE o.blob_id = b.id AND o.package_id <> l.package_id AND ${isSeen}
      AND (p.deleted_at IS NULL OR p.purge_at > now()) AND ${HOLDS} AND h.id NOT IN (SELECT id FROM going) LIMIT 1)`;
}
