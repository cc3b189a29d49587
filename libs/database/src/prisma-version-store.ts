import type { Digest, ManifestClass } from '#oci';
import {
  type Actor,
  type NumberedList,
  type NumberedPage,
  type VersionDetails,
  type VersionQuery,
  type VersionRemoval,
  VersionStore,
} from '#registry';
import { recordEvent } from './audit.js';
import { unbury } from './bury.js';
import { type Database, Prisma } from './database.js';
import { passGate } from './gate.js';
import { markBuildCaches } from './gc/evict-build-caches.js';
import type { DeletionLimits } from './prisma-package-directory.js';
import { removeVersion } from './remove-version.js';
import { setReview } from './review.js';
import { logRestoredTags } from './tag-log.js';
import { inTransaction, type Transaction } from './transaction.js';

/** A place in a list: microseconds since 1970 of what it is ordered by, and the id. */
const KEY = /^([0-9]{1,17})\.([0-9]{1,10})$/;

interface VersionRow {
  id: number;
  digest: Digest;
  class: ManifestClass;
  mediaType: string;
  size: number;
  tags: string[];
  parents: Digest[];
  downloads: number;
  lastDownloadAt: Date | null;
  createdAt: Date;
  updatedAt: Date;
  deletedAt: Date | null;
}

export class PrismaVersionStore extends VersionStore {
  /** `untaggedAfter` as for `PrismaManifestStore`. */
  constructor(
    private readonly database: Database,
    private readonly untaggedAfter: number | undefined,
    private readonly limits: DeletionLimits,
  ) {
    super();
  }

  override async list(
    query: VersionQuery,
    { limit, offset, after }: NumberedPage,
  ): Promise<NumberedList<VersionDetails>> {
    const isActive = query.state === 'active';
    const at = isActive ? Prisma.sql`m.pushed_at` : Prisma.sql`m.deleted_at`;
    const isListed = Prisma.sql`
      FROM manifests m WHERE m.package_id = ${query.packageId} AND ${IS_VERSION}
        AND ${isActive ? Prisma.sql`m.deleted_at IS NULL` : Prisma.sql`m.deleted_at IS NOT NULL AND m.purge_at > now()`}
        AND ${query.includeChildren ? Prisma.sql`true` : STANDS_ALONE}`;
    const [, micros, id] = KEY.exec(after ?? '') ?? [];
    const follows = micros
      ? Prisma.sql`AND (${at}, m.id) < ('epoch'::timestamptz + ${micros}::bigint * interval '1 microsecond', ${id}::bigint)`
      : Prisma.empty;
    const rows = await this.database.$queryRaw<Array<{ id: number; micros: string }>>`
      SELECT m.id, (extract(epoch FROM ${at}) * 1000000)::bigint::text AS micros ${isListed} ${follows}
      ORDER BY ${at} DESC, m.id DESC LIMIT ${limit + 1} OFFSET ${micros ? 0 : offset}`;
    const [count] = await this.database.$queryRaw<Array<{ total: number }>>`SELECT count(*)::int AS total ${isListed}`;
    const shown = rows.slice(0, limit);
    const last = shown.at(-1);
    return {
      items: await this.describe(shown.map((row) => row.id)),
      total: count?.total ?? 0,
      next: last && rows.length > limit ? `${last.micros}.${last.id}` : undefined,
    };
  }

  override async find(packageId: number, versionId: number): Promise<VersionDetails | undefined> {
    const rows = await this.database.$queryRaw<Array<{ id: number }>>`
      SELECT m.id FROM manifests m
      WHERE m.id = ${versionId} AND m.package_id = ${packageId} AND m.deleted_at IS NULL AND ${IS_VERSION}`;
    return (await this.describe(rows.map(({ id }) => id)))[0];
  }

  /** In the order of `ids`. */
  private async describe(ids: number[]): Promise<VersionDetails[]> {
    if (ids.length === 0) return [];
    const rows = await this.database.$queryRaw<VersionRow[]>`
      SELECT m.id, m.digest, m.class, m.media_type AS "mediaType", m.pushed_at AS "createdAt", m.deleted_at AS "deletedAt",
        (m.size + m.config_size + m.layers_size)::float8 AS size,
        greatest(m.pushed_at, t.moved_at, m.deleted_at) AS "updatedAt",
        CASE WHEN m.deleted_at IS NULL THEN t.names ELSE m.deleted_tags END AS tags,
        ARRAY(SELECT i.digest FROM (
          SELECT c.manifest_id FROM manifest_children c WHERE c.package_id = m.package_id AND c.digest = m.digest
          UNION SELECT c.manifest_id FROM manifest_missing c WHERE c.package_id = m.package_id AND c.digest = m.digest
        ) n JOIN manifests i ON i.id = n.manifest_id WHERE i.deleted_at IS NULL ORDER BY i.id DESC LIMIT 100) AS parents,
        coalesce(d.count, 0)::float8 AS downloads, d.last_at AS "lastDownloadAt"
      FROM unnest(${ids}::int[]) WITH ORDINALITY AS r(id, ord)
      JOIN manifests m ON m.id = r.id
      CROSS JOIN LATERAL (
        SELECT coalesce(array_agg(name ORDER BY pushed_at DESC, name), '{}') AS names, max(pushed_at) AS moved_at
        FROM tags WHERE manifest_id = m.id) t
      LEFT JOIN manifest_downloads d ON d.manifest_id = m.id
      ORDER BY r.ord`;
    return rows.map((row) => ({
      ...row,
      lastDownloadAt: row.lastDownloadAt ?? undefined,
      deletedAt: row.deletedAt ?? undefined,
    }));
  }

  override remove(packageId: number, versionIds: readonly number[], actor: Actor): Promise<VersionRemoval[]> {
    return inTransaction(this.database, async (tx) => {
      await passGate(tx, packageId, 'taking away');
      const results = new Map<number, VersionRemoval>();
      // Children can go once their index is gone: go on as long as one goes.
      for (let isMoving = true; isMoving; ) {
        isMoving = false;
        for (const id of new Set(versionIds)) {
          const before = results.get(id);
          if (before !== undefined && !(typeof before === 'object' && before.reason === 'needed')) continue;
          const result = await removeVersion(tx, { id, packageId }, actor, this.limits);
          results.set(id, result);
          isMoving ||= result === 'removed' && versionIds.length > 1;
        }
      }
      return versionIds.map((id) => results.get(id) ?? 'unknown');
    });
  }

  override restore(
    packageId: number,
    versionId: number,
    actor: Actor,
  ): Promise<'restored' | 'unknown' | { absent: Digest[] }> {
    return inTransaction(this.database, async (tx) => {
      await passGate(tx, packageId, 'adding');
      const [deleted] = await tx.$queryRaw<Array<{ digest: Digest; tags: string[] }>>`
        SELECT digest, deleted_tags AS tags FROM manifests m
        WHERE id = ${versionId} AND package_id = ${packageId} AND purge_at > now() AND ${IS_VERSION} FOR UPDATE`;
      if (!deleted) return 'unknown';
      const absent = await findAbsentChildren(tx, packageId, versionId);
      if (absent.length > 0) return { absent };
      await tx.$executeRaw`
        UPDATE manifests SET ${AS_RESTORED} WHERE id = ${versionId}`;
      const caches = await restoreCaches(tx, packageId, versionId);
      await unbury(tx, packageId, deleted.digest, ...caches.map(({ digest }) => digest));
      // One statement: a retention policy may have taken thousands.
      const free = await tx.$queryRaw<Array<{ name: string }>>`
        INSERT INTO tags (package_id, name, manifest_id)
        SELECT ${packageId}, name, ${versionId} FROM unnest(${[...deleted.tags].sort()}::text[]) AS t(name)
        ON CONFLICT DO NOTHING RETURNING name`;
      const tags = free.map(({ name }) => name);
      await logRestoredTags(tx, packageId, { digest: deleted.digest, tags }, actor);
      await recordEvent(tx, { kind: 'version.restore', packageId, actor, data: { digest: deleted.digest } });
      const manifestIds = [versionId, ...caches.map(({ id }) => id)];
      await setReview(tx, { manifestIds, packageId, untaggedAfter: this.untaggedAfter });
      if (caches.length > 0) await markBuildCaches(tx, packageId);
      return 'restored';
    });
  }
}

/** Versions that an index was pushed with and that are deleted now. */
async function findAbsentChildren(tx: Transaction, packageId: number, versionId: number): Promise<Digest[]> {
  const rows = await tx.$queryRaw<Array<{ digest: Digest }>>`
    SELECT c.digest FROM manifest_children c JOIN manifests m ON m.package_id = ${packageId} AND m.digest = c.digest
    WHERE c.manifest_id = ${versionId} AND m.deleted_at IS NOT NULL AND ${IS_VERSION} ORDER BY c.digest`;
  return rows.map(({ digest }) => digest);
}

/** The deleted build caches that an index was pushed with come back with it: nobody could ask for one of them. */
function restoreCaches(tx: Transaction, packageId: number, versionId: number) {
  return tx.$queryRaw<Array<{ id: number; digest: Digest }>>`
    UPDATE manifests m SET ${AS_RESTORED}
    FROM manifest_children c
    WHERE c.manifest_id = ${versionId} AND m.package_id = ${packageId} AND m.digest = c.digest
      AND m.deleted_at IS NOT NULL AND NOT ${IS_VERSION}
    RETURNING m.id, m.digest`;
}

const AS_RESTORED = Prisma.sql`
  deleted_at = NULL, purge_at = NULL, deleted_by = NULL, deleted_tags = '{}', is_leftover = false`;

/** Build caches are no versions: nobody deploys one. */
const IS_VERSION = Prisma.sql`m.class <> 'build_cache'`;

/** Neither part of a live index, nor about another manifest. */
const STANDS_ALONE = Prisma.sql`(m.subject_digest IS NULL AND m.class NOT IN ('attestation', 'signature')
  AND NOT EXISTS (SELECT FROM manifest_children c JOIN manifests i ON i.id = c.manifest_id AND i.deleted_at IS NULL
    WHERE c.package_id = m.package_id AND c.digest = m.digest))`;
