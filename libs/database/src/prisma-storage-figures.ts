import type { Page, PageRequest, RepositoryName } from '#oci';
import {
  type DoomedVersions,
  type FreedBytes,
  type FreedWithin,
  type Measured,
  type NamespaceStorage,
  type NumberedList,
  type NumberedPage,
  type PackageOrder,
  type PackageStorage,
  StorageFigures,
} from '#registry';
import { type Database, Prisma } from './database.js';
import { freedByTag, freedByTags, freedBytes } from './freed-bytes.js';
import { numbered, pageById } from './numbered.js';
import { timeOf } from './prisma-retention-store.js';
import { sumPackage } from './sum-package.js';

/** Where a page of a measurement begins: the measurement, the value of the order and the id. */
const KEY = /^([0-9]{1,9})\.([0-9]{1,18})\.([0-9]{1,9})$/;

interface Measurement {
  id: number;
  at: Date;
}

type Row<T> = { [K in keyof T]: undefined extends T[K] ? Exclude<T[K], undefined> | null : T[K] } & { key: string };

const COLUMN: Record<PackageOrder, Prisma.Sql> = {
  size: Prisma.sql`s.logical_bytes`,
  pushed: Prisma.sql`s.pushed_at`,
  pulled: Prisma.sql`s.pulled_at`,
};

/** `packages p` and its row `s` of a measurement. */
const PACKAGE = Prisma.sql`
  p.id AS "packageId", coalesce(n.full_name, p.deleted_name) AS name, p.deleted_at AS "deletedAt",
  s.versions::float8 AS versions, s.manifest_bytes::float8 AS "manifestBytes", s.blobs::float8 AS blobs,
  s.logical_bytes::float8 AS "logicalBytes", s.exclusive_bytes::float8 AS "exclusiveBytes",
  s.namespace_exclusive_bytes::float8 AS "namespaceExclusiveBytes",
  nullif(s.pushed_at, to_timestamp(0)) AS "pushedAt", nullif(s.pulled_at, to_timestamp(0)) AS "pulledAt"`;
const CURRENT_NAME = Prisma.sql`LEFT JOIN package_names n ON n.package_id = p.id AND n.alias_until IS NULL`;
const NAMESPACE = Prisma.sql`
  ns.id AS "namespaceId", ns.login, s.logical_bytes::float8 AS "logicalBytes", s.stored_bytes::float8 AS "storedBytes",
  s.exclusive_bytes::float8 AS "exclusiveBytes"`;

export class PrismaStorageFigures extends StorageFigures {
  /** `untaggedAfter` as for `PrismaManifestStore`. */
  constructor(
    private readonly database: Database,
    private readonly untaggedAfter: number | undefined,
  ) {
    super();
  }

  override ofVersion(packageId: number, versionId: number, within: FreedWithin): Promise<FreedBytes | undefined> {
    return this.look(async (tx) => {
      const rows = await tx.$queryRaw<unknown[]>`
        SELECT 1 FROM manifests WHERE id = ${versionId} AND package_id = ${packageId}
          AND (deleted_at IS NULL OR purge_at > now())`;
      return rows.length > 0 ? freedBytes(tx, packageId, [versionId], within, this.untaggedAfter) : undefined;
    });
  }

  override ofTag(packageId: number, tag: string, within: FreedWithin): Promise<FreedBytes | undefined> {
    return this.look((tx) => freedByTag(tx, packageId, tag, within, this.untaggedAfter));
  }

  override ofDoomed(doomed: readonly DoomedVersions[], within: FreedWithin): Promise<FreedBytes> {
    return this.look(async (tx) => {
      const bare: Array<{ packageId: number; versionIds: number[] }> = [];
      for (const { packageId, versionIds, upTo } of doomed) {
        if (!upTo || versionIds.length === 0) continue;
        const rows = await tx.$queryRaw<Array<{ id: number }>>`
          SELECT id FROM unnest(${versionIds}::int[]) AS v(id) WHERE (
            SELECT true FROM tags WHERE manifest_id = v.id
              AND (pushed_at, manifest_id, name) < (${timeOf(upTo.pushedAt)}, ${upTo.versionId}::int, ${upTo.name})
            LIMIT 1) IS NULL`;
        bare.push({ packageId, versionIds: rows.map(({ id }) => id) });
      }
      return freedByTags(tx, bare, within);
    });
  }

  override async ofPackage(which: RepositoryName | number): Promise<Measured<PackageStorage> | undefined> {
    const is = typeof which === 'number' ? Prisma.sql`p.id = ${which}` : namedLike(which);
    return this.look(async (tx) => {
      const [pkg] = await tx.$queryRaw<Array<{ id: number; name: RepositoryName; deletedAt: Date | null }>>`
        SELECT p.id, coalesce(n.full_name, p.deleted_name) AS name, p.deleted_at AS "deletedAt"
        FROM packages p ${CURRENT_NAME} WHERE ${is} ORDER BY p.deleted_at DESC NULLS FIRST, p.id DESC LIMIT 1`;
      if (!pkg) return undefined;
      const now = await sumPackage(tx, pkg.id);
      if (now) {
        const { at, ...sums } = now;
        return {
          measuredAt: at,
          found: { packageId: pkg.id, name: pkg.name, deletedAt: pkg.deletedAt ?? undefined, ...sums },
        };
      }
      const measurement = await this.measurement(tx);
      const [row] = await tx.$queryRaw<Array<Row<PackageStorage>>>`
        SELECT '' AS key, ${PACKAGE} FROM packages p ${CURRENT_NAME}
        JOIN package_storage s ON s.measurement_id = ${measurement?.id ?? 0} AND s.package_id = p.id WHERE p.id = ${pkg.id}`;
      return row && { measuredAt: measurement?.at, found: packageOf(row) };
    });
  }

  override async packages(
    { by, isAscending }: { by: PackageOrder; isAscending: boolean },
    { limit, after }: PageRequest,
  ): Promise<Measured<Page<PackageStorage>>> {
    return this.look(async (tx) => {
      const [, pinned, value, id] = KEY.exec(after ?? '') ?? [];
      const measurement = await this.measurement(tx, pinned);
      const column = COLUMN[by];
      const isTime = by !== 'size';
      const key = isTime
        ? Prisma.sql`'epoch'::timestamptz + ${value ?? 0}::bigint * interval '1 microsecond'`
        : Prisma.sql`${value ?? 0}::bigint`;
      const compare = isAscending ? Prisma.sql`>` : Prisma.sql`<`;
      const follows =
        value === undefined
          ? Prisma.empty
          : Prisma.sql`AND (${column}, s.package_id) ${compare} (${key}, ${Number(id)})`;
      const direction = isAscending ? Prisma.sql`ASC` : Prisma.sql`DESC`;
      const shown = isTime ? Prisma.sql`(extract(epoch FROM ${column}) * 1000000)::bigint` : column;
      const rows = await tx.$queryRaw<Array<Row<PackageStorage>>>`
        SELECT ${shown}::text AS key, ${PACKAGE}
        FROM package_storage s JOIN packages p ON p.id = s.package_id ${CURRENT_NAME}
        WHERE s.measurement_id = ${measurement?.id ?? 0} ${follows}
        ORDER BY ${column} ${direction}, s.package_id ${direction} LIMIT ${limit + 1}`;
      return measured(measurement, limit, rows, packageOf, ({ packageId }) => packageId);
    });
  }

  override async namespaces({ limit, after }: PageRequest): Promise<Measured<Page<NamespaceStorage>>> {
    return this.look(async (tx) => {
      const [, pinned, value, id] = KEY.exec(after ?? '') ?? [];
      const measurement = await this.measurement(tx, pinned);
      const follows =
        value === undefined
          ? Prisma.empty
          : Prisma.sql`AND (s.stored_bytes, s.namespace_id) < (${value}::bigint, ${Number(id)})`;
      const rows = await tx.$queryRaw<Array<Row<NamespaceStorage>>>`
        SELECT s.stored_bytes::text AS key, ${NAMESPACE}
        FROM namespace_storage s JOIN namespaces ns ON ns.id = s.namespace_id
        WHERE s.measurement_id = ${measurement?.id ?? 0} ${follows}
        ORDER BY s.stored_bytes DESC, s.namespace_id DESC LIMIT ${limit + 1}`;
      return measured(
        measurement,
        limit,
        rows,
        ({ key: _, ...row }) => row,
        ({ namespaceId }) => namespaceId,
      );
    });
  }

  override async ofNamespace(namespaceId: number): Promise<Measured<NamespaceStorage> | undefined> {
    return this.look(async (tx) => {
      const measurement = await this.measurement(tx);
      const [found] = await tx.$queryRaw<NamespaceStorage[]>`
        SELECT ${NAMESPACE} FROM namespace_storage s JOIN namespaces ns ON ns.id = s.namespace_id
        WHERE s.measurement_id = ${measurement?.id ?? 0} AND s.namespace_id = ${namespaceId}`;
      return found && { measuredAt: measurement?.at, found };
    });
  }

  override async packagesOf(namespaceId: number, page: NumberedPage): Promise<NumberedList<PackageStorage>> {
    return this.look(async (tx) => {
      const measurement = await this.measurement(tx);
      const { from, cut } = pageById(Prisma.sql`p.id`, page);
      const isListed = Prisma.sql`FROM packages p
        JOIN package_storage s ON s.measurement_id = ${measurement?.id ?? 0} AND s.package_id = p.id`;
      const rows = await tx.$queryRaw<Array<Row<PackageStorage>>>`
        SELECT '' AS key, ${PACKAGE} ${isListed} ${CURRENT_NAME} WHERE p.namespace_id = ${namespaceId} AND ${from} ${cut}`;
      const [count] = await tx.$queryRaw<Array<{ total: number }>>`
        SELECT count(*)::int AS total ${isListed} WHERE p.namespace_id = ${namespaceId}`;
      return numbered(rows.map(packageOf), page, count?.total, ({ packageId }) => String(packageId));
    });
  }

  /** Statements of one transaction, which do not lock. */
  private look<T>(work: (tx: Prisma.TransactionClient) => Promise<T>): Promise<T> {
    return this.database.$transaction(work, { maxWait: 10_000, timeout: 10_000 });
  }

  /** The one that a page before was of, while it is there; else the last that ended. */
  private async measurement(tx: Prisma.TransactionClient, pinned?: string): Promise<Measurement | undefined> {
    const [found] = await tx.$queryRaw<Measurement[]>`
      SELECT id, finished_at AS at FROM storage_measurements WHERE finished_at IS NOT NULL
      ORDER BY id = ${Number(pinned ?? 0)} DESC, id DESC LIMIT 1`;
    return found;
  }
}

/** A live package by its current name, or one that can be restored. */
const namedLike = (name: RepositoryName) => Prisma.sql`p.id IN (
  SELECT package_id FROM package_names WHERE full_name = ${name}
  UNION ALL SELECT id FROM packages WHERE deleted_name = ${name})`;

const packageOf = ({ key: _, ...row }: Row<PackageStorage>): PackageStorage => ({
  ...row,
  deletedAt: row.deletedAt ?? undefined,
  pushedAt: row.pushedAt ?? undefined,
  pulledAt: row.pulledAt ?? undefined,
});

function measured<R extends { key: string }, T>(
  measurement: Measurement | undefined,
  limit: number,
  rows: R[],
  itemOf: (row: R) => T,
  idOf: (row: R) => number,
): Measured<Page<T>> {
  const shown = rows.slice(0, limit);
  const last = shown.at(-1);
  const next = measurement && last && rows.length > limit ? `${measurement.id}.${last.key}.${idOf(last)}` : undefined;
  return { measuredAt: measurement?.at, found: { items: shown.map(itemOf), next } };
}
