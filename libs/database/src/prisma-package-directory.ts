import { isRepositoryName, type RepositoryName } from '#oci';
import {
  type Actor,
  type NumberedList,
  type NumberedPage,
  type PackageDetails,
  PackageDirectory,
  type PackageMetadata,
  type PackageOwner,
  type PackageQuery,
  type TooManyDownloads,
  type Visibility,
} from '#registry';
import { recordEvent } from './audit.js';
import { type Database, Prisma } from './database.js';
import { mostDownloads } from './downloads.js';
import { passGate } from './gate.js';
import { markBuildCachesThere } from './gc/evict-build-caches.js';
import { NameTaken } from './name-taken.js';
import { inTransaction } from './transaction.js';
import { isVisibleTo } from './visible-packages.js';

/** What limits deleting, in seconds and downloads. */
export interface DeletionLimits {
  restoreWindow: number;
  /** Public versions with more downloads stay; undefined for no limit. */
  maxDownloads: number | undefined;
}

interface PackageRow {
  id: number;
  name: RepositoryName;
  visibility: Visibility;
  versionCount: number;
  createdAt: Date;
  updatedAt: Date;
  ownerId: number;
  login: string;
  kind: PackageOwner['kind'];
  sourceId: number | null;
  sourceUrl: string | null;
  metadata: PackageMetadata | null;
}

export class PrismaPackageDirectory extends PackageDirectory {
  constructor(
    private readonly database: Database,
    private readonly limits: DeletionLimits,
  ) {
    super();
  }

  override async findOwner(login: string): Promise<PackageOwner | undefined> {
    const [owner] = await this.database.$queryRaw<PackageOwner[]>`
      SELECT id, login, kind FROM namespaces WHERE path = ${login.toLowerCase()}`;
    return owner;
  }

  override async list(
    query: PackageQuery,
    { limit, offset, after }: NumberedPage,
  ): Promise<NumberedList<PackageDetails>> {
    const [owner] = await this.database.$queryRaw<Array<{ path: string }>>`
      SELECT path FROM namespaces WHERE id = ${query.ownerId}`;
    const isListed = Prisma.sql`p.namespace_id = ${query.ownerId} AND p.published_at IS NOT NULL AND p.deleted_at IS NULL
      AND ${isVisibleTo(query.viewer, query.ownerId)}
      AND ${query.visibility === undefined ? Prisma.sql`true` : Prisma.sql`p.visibility = ${query.visibility}`}`;
    const key = after !== undefined && isRepositoryName(after) ? after : undefined;
    // By the bounds of the owner's names, in the order of their index: a page reads no more than it shows and passes over.
    const names = await this.database.$queryRaw<Array<{ id: number; name: string }>>`
      SELECT p.id, n.full_name AS name FROM package_names n JOIN packages p ON p.id = n.package_id
      WHERE n.full_name > ${key ?? `${owner?.path}/`} AND n.full_name < ${`${owner?.path}0`} -- '0' follows '/'
        AND n.alias_until IS NULL AND ${isListed}
      ORDER BY n.full_name LIMIT ${limit + 1} OFFSET ${key === undefined ? offset : 0}`;
    const [count] = await this.database.$queryRaw<Array<{ total: number }>>`
      SELECT count(*)::int AS total FROM packages p WHERE ${isListed}`;
    const shown = names.slice(0, limit);
    return {
      items: await this.describe(shown.map(({ id }) => id)),
      total: count?.total ?? 0,
      next: names.length > limit ? shown.at(-1)?.name : undefined,
    };
  }

  override async find(packageId: number): Promise<PackageDetails | undefined> {
    return (await this.describe([packageId]))[0];
  }

  /** In the order of their names. */
  private async describe(ids: number[]): Promise<PackageDetails[]> {
    if (ids.length === 0) return [];
    const rows = await this.database.$queryRaw<PackageRow[]>`
      SELECT p.id, n.full_name AS name, p.visibility, p.created_at AS "createdAt",
        (SELECT count(*)::int FROM manifests m WHERE m.package_id = p.id AND m.deleted_at IS NULL
          AND m.class <> 'build_cache') AS "versionCount",
        greatest(p.created_at, (SELECT max(m.pushed_at) FROM manifests m WHERE m.package_id = p.id AND m.deleted_at IS NULL),
          (SELECT max(t.pushed_at) FROM tags t WHERE t.package_id = p.id)) AS "updatedAt",
        ns.id AS "ownerId", ns.login, ns.kind, s.id AS "sourceId", s.url AS "sourceUrl", m.metadata
      FROM packages p
      JOIN package_names n ON n.package_id = p.id AND n.alias_until IS NULL
      JOIN namespaces ns ON ns.id = p.namespace_id
      LEFT JOIN sources s ON s.id = p.source_id
      LEFT JOIN manifests m ON m.id = ${SPEAKING}
      WHERE p.id = ANY(${ids}) AND p.deleted_at IS NULL
      ORDER BY n.full_name`;
    return rows.map(detailsOf);
  }

  override async remove(packageId: number, actor: Actor): Promise<'removed' | 'unknown' | TooManyDownloads> {
    return inTransaction(this.database, async (tx) => {
      await passGate(tx, packageId, 'taking away');
      const [live] = await tx.$queryRaw<Array<{ name: string; visibility: Visibility }>>`
        SELECT n.full_name AS name, p.visibility FROM packages p
        JOIN package_names n ON n.package_id = p.id AND n.alias_until IS NULL
        WHERE p.id = ${packageId} AND p.deleted_at IS NULL`;
      if (!live) return 'unknown';
      const { restoreWindow, maxDownloads } = this.limits;
      if (live.visibility === 'public' && maxDownloads !== undefined) {
        const downloads = await mostDownloads(tx, packageId);
        if (downloads > maxDownloads) return { reason: 'downloads', downloads };
      }
      await tx.$executeRaw`
        UPDATE packages SET deleted_at = now(), purge_at = now() + make_interval(secs => ${restoreWindow}::float8),
          deleted_name = ${live.name}, access_version = access_version + 1
        WHERE id = ${packageId}`;
      await tx.$executeRaw`DELETE FROM package_names WHERE package_id = ${packageId}`;
      await recordEvent(tx, { kind: 'package.delete', packageId, actor, data: { name: live.name } });
      return 'removed';
    });
  }

  override async findDeleted(name: RepositoryName): Promise<number | undefined> {
    const [deleted] = await this.database.$queryRaw<Array<{ id: number }>>`
      SELECT id FROM packages WHERE deleted_name = ${name} AND purge_at > now() AND published_at IS NOT NULL
      ORDER BY deleted_at DESC, id DESC LIMIT 1`;
    return deleted?.id;
  }

  override async restore(packageId: number, actor: Actor): Promise<'restored' | 'unknown' | 'name in use'> {
    try {
      return await inTransaction(this.database, async (tx) => {
        await passGate(tx, packageId, 'adding');
        const [deleted] = await tx.$queryRaw<Array<{ name: string }>>`
          SELECT deleted_name AS name FROM packages WHERE id = ${packageId} AND purge_at > now() FOR UPDATE`;
        if (!deleted) return 'unknown';
        await tx.$executeRaw`
          UPDATE packages SET deleted_at = NULL, purge_at = NULL, deleted_name = NULL, access_version = access_version + 1
          WHERE id = ${packageId}`;
        const named = await tx.$executeRaw`
          INSERT INTO package_names (full_name, package_id) VALUES (${deleted.name}, ${packageId}) ON CONFLICT DO NOTHING`;
        if (named === 0) throw new NameTaken(deleted.name);
        await markBuildCachesThere(tx, packageId); // while it was deleted, none were evicted
        await recordEvent(tx, { kind: 'package.restore', packageId, actor, data: { name: deleted.name } });
        return 'restored';
      });
    } catch (error) {
      if (error instanceof NameTaken) return 'name in use';
      throw error;
    }
  }
}

/**
 * The manifest that speaks for package `p`: that of `latest`, else of the tag that moved last. Signatures, attestations,
 * build caches and the tags that stand in for referrers (`sha256-…`) never do.
 */
const SPEAKING = Prisma.sql`coalesce(
  (SELECT t.manifest_id FROM tags t JOIN manifests c ON c.id = t.manifest_id
    WHERE t.package_id = p.id AND t.name = 'latest' AND c.class <> 'build_cache'),
  (SELECT t.manifest_id FROM tags t JOIN manifests c ON c.id = t.manifest_id
    WHERE t.package_id = p.id AND t.name !~ '^sha(256|512)-' AND c.class NOT IN ('attestation', 'signature', 'build_cache')
    ORDER BY t.pushed_at DESC, t.name LIMIT 1))`;

function detailsOf(row: PackageRow): PackageDetails {
  const { ownerId, login, kind, sourceId, sourceUrl, metadata, ...rest } = row;
  return {
    ...rest,
    owner: { id: ownerId, login, kind },
    source: sourceId === null || sourceUrl === null ? undefined : { id: sourceId, url: sourceUrl },
    metadata: metadata ?? undefined,
  };
}
