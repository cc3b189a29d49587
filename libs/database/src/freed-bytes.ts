import { type FreedBytes, type FreedWithin, goingManifests, type HeldManifest } from '#registry';
import { Prisma } from './database.js';
import { type Decided, isUndecided, undecidedOf } from './gc/decided.js';
import { BY_RETENTION } from './gc/rule-actors.js';
import type { Transaction } from './transaction.js';

type Reached = Omit<HeldManifest, 'subject' | 'staysUntagged'> & {
  size: number;
  subject: number | null;
  staysAnyway: boolean;
};

/** Of a manifest `h`: live or restorable. */
const HOLDS = Prisma.sql`(h.deleted_at IS NULL OR h.purge_at > now())`;

/** Who asks, of what. */
interface Question {
  packageId: number;
  within: FreedWithin;
  /** The instance's rule, in seconds; undefined for never. */
  untaggedAfter: number | undefined;
}

/**
 * What leaves storage when these manifests of a package are deleted and everything that goes with them was collected:
 * referrers, and children that nothing else holds. `exclusive`: bytes of theirs that no other live or restorable manifest
 * uses, of all that `within` lets the reader see. `shared`: bytes of theirs, and of what they name, that others use still,
 * among them those of a manifest that cannot be deleted as an index needs it. Manifests count as well as blobs: for an
 * image that stands alone, the two add up to its size. Blobs whose object was lost take up nothing. In whatever order what goes is
 * deleted, it frees the same.
 *
 * Costs what the manifests are made of, not what the package or the registry holds.
 */
export async function freedBytes(
  tx: Transaction,
  packageId: number,
  manifestIds: readonly number[],
  within: FreedWithin,
  untaggedAfter: number | undefined,
): Promise<FreedBytes> {
  const question = { packageId, within, untaggedAfter };
  return (await freedOf(tx, question, { roots: manifestIds, asked: new Set(manifestIds) })).freed;
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
  if (!target) return undefined;
  const question = { packageId, within, untaggedAfter };
  return (await freedOf(tx, question, { roots: [target.id], asked: new Set(), tag })).freed;
}

/** What a collector takes away in one batch of a run. */
interface Batch {
  packageId: number;
  manifestIds: readonly number[];
  untaggedAfter: number | undefined;
  /** A retention policy takes them, with what belonged to them alone. */
  byRetention?: boolean;
}

/**
 * The same of the whole registry, for a run that decided before on those of `decided`: they hold nothing any more, there or not,
 * and every other manifest that is there does. So each byte counts once in a run, when the last that uses it is decided on.
 * Adds those that go, with all that goes with them. Undefined where there is no run.
 */
export async function freedByBatch(
  tx: Transaction,
  { packageId, manifestIds, untaggedAfter, byRetention = false }: Batch,
  decided: Decided | undefined,
): Promise<FreedBytes | undefined> {
  if (!decided) return undefined;
  const roots = await undecidedOf(tx, manifestIds, decided);
  if (roots.length === 0) return { exclusive: 0, shared: 0 };
  const question = { packageId, within: 'instance' as const, untaggedAfter };
  const { freed, going } = await freedOf(tx, question, { roots, asked: new Set(roots), byRetention, decided });
  for (const id of going) decided.ids.add(id);
  return freed;
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
    const reached = (await reach(tx, packageId, versionIds, HOLDS, undefined)).map((row) =>
      ids.has(row.id) ? { ...row, isTagged: false, takesAlong: true } : row,
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
  return addBlobs(tx, { packageId: bare[0]?.packageId ?? 0, within }, found, HOLDS);
}

interface Deleting {
  /** Where what goes is looked for from. */
  roots: readonly number[];
  /** Deleted for certain. */
  asked: ReadonlySet<number>;
  byRetention?: boolean;
  /** Does not count as a tag any more. */
  tag?: string;
  decided?: Decided;
}

async function freedOf(
  tx: Transaction,
  question: Question,
  { roots, asked, byRetention, tag, decided }: Deleting,
): Promise<{ freed: FreedBytes; going: number[] }> {
  const holds = decided ? isUndecided(decided) : HOLDS;
  const reached = (await reach(tx, question.packageId, roots, holds, tag)).map((row) =>
    byRetention && asked.has(row.id) ? { ...row, takesAlong: true } : row,
  );
  const keepsUntagged = await keepsUntaggedOnes(tx, question.packageId, question.untaggedAfter);
  const found = findGoing(reached, roots, asked, keepsUntagged);
  return { freed: await addBlobs(tx, question, found, holds), going: found.going };
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
  const manifests = reached.map(({ subject, staysAnyway, ...row }) => ({
    ...row,
    subject: subject ?? undefined,
    staysUntagged: keepsUntagged && staysAnyway,
  }));
  const going = goingManifests(manifests, asked);
  const counted = withContents(manifests, new Set([...roots, ...going]));
  const sizes = manifests.filter(({ id }) => counted.has(id));
  const sum = (isGoing: boolean) =>
    sizes.filter(({ id }) => going.has(id) === isGoing).reduce((bytes, { size }) => bytes + size, 0);
  return { going: [...going], counted: [...counted], exclusive: sum(true), shared: sum(false) };
}

/**
 * The manifests, what they name, what is about them, and so on from those; `tag` does not count. `holds`: of a manifest
 * `h`, whether it counts.
 */
function reach(
  tx: Transaction,
  packageId: number,
  ids: readonly number[],
  holds: Prisma.Sql,
  tag: string | undefined,
): Promise<Reached[]> {
  return tx.$queryRaw<Reached[]>`
    WITH RECURSIVE reached AS (
      SELECT id FROM manifests WHERE id = ANY(${[...ids]}::int[]) AND package_id = ${packageId}
      UNION
      SELECT n.id FROM reached r CROSS JOIN LATERAL (
        SELECT h.id FROM manifest_children c JOIN manifests h ON h.package_id = c.package_id AND h.digest = c.digest
          WHERE c.manifest_id = r.id AND ${holds}
        UNION ALL
        SELECT h.id FROM manifest_missing c JOIN manifests h ON h.package_id = c.package_id AND h.digest = c.digest
          WHERE c.manifest_id = r.id AND ${holds}
        UNION ALL
        SELECT h.id FROM manifests s JOIN manifests h ON h.package_id = s.package_id AND h.subject_digest = s.digest
          WHERE s.id = r.id AND ${holds}) n
    )
    SELECT m.id, m.size, m.deleted_at IS NULL AS "isLive",
      (SELECT true FROM tags t
        WHERE t.manifest_id = m.id AND t.name IS DISTINCT FROM ${tag ?? null} LIMIT 1) IS NOT NULL AS "isTagged",
      (SELECT true FROM (
          SELECT c.manifest_id FROM manifest_children c WHERE c.package_id = m.package_id AND c.digest = m.digest
          UNION ALL SELECT c.manifest_id FROM manifest_missing c WHERE c.package_id = m.package_id AND c.digest = m.digest
        ) n JOIN manifests h ON h.id = n.manifest_id
        WHERE ${holds} AND h.id NOT IN (SELECT id FROM reached) LIMIT 1) IS NOT NULL AS "isNamedElsewhere",
      ARRAY(SELECT c.id FROM (
          SELECT digest FROM manifest_children WHERE manifest_id = m.id
          UNION SELECT digest FROM manifest_missing WHERE manifest_id = m.id
        ) n JOIN manifests c ON c.package_id = m.package_id AND c.digest = n.digest) AS names,
      subject.id AS subject,
      -- Where a build cache has no tag, where a policy left it over, and where its subject is as good as gone, it goes anyway.
      m.class <> 'build_cache' AND NOT m.is_leftover AND NOT subject.goes AS "staysAnyway",
      coalesce(m.deleted_by = ${BY_RETENTION.principal}, m.is_leftover AND (m.subject_digest IS NULL OR subject.is_there))
        AS "takesAlong"
    FROM reached r CROSS JOIN LATERAL (SELECT * FROM manifests WHERE id = r.id LIMIT 1) m
    CROSS JOIN LATERAL (
      SELECT max(h.id) FILTER (WHERE ${holds}) AS id, count(h.id) > 0 AS is_there,
        count(h.id) > 0 AND NOT coalesce(bool_or(${holds}), false) AS goes
      FROM manifests h WHERE h.package_id = m.package_id AND h.digest = m.subject_digest) subject`;
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
  { packageId, within }: Omit<Question, 'untaggedAfter'>,
  { going, counted, exclusive, shared }: Found,
  holds: Prisma.Sql,
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
          WHERE ${holds} AND h.id NOT IN (SELECT id FROM going) LIMIT 1),
        ${isUsedElsewhere(packageId, within, holds)}, false)) AS "isShared"
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
function isUsedElsewhere(packageId: number, within: FreedWithin, holds: Prisma.Sql): Prisma.Sql {
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
      AND (p.deleted_at IS NULL OR p.purge_at > now()) AND ${holds} AND h.id NOT IN (SELECT id FROM going) LIMIT 1)`;
}
