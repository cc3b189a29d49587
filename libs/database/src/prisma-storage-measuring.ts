import { StorageMeasuring } from '#registry';
import type { Database } from './database.js';
import { inTransaction, type Transaction } from './transaction.js';

/** A measurement stays fresh for so long at least, in seconds, */
const FRESH = 300;
/** for so many times as long as it took, so that measuring is a small part of what the database does, */
const SHARE = 50;
/** and for so long at most. */
const STALE = 3600;

interface Walk {
  id: number;
  phase: 'blobs' | 'manifests';
  after: bigint;
}

export class PrismaStorageMeasuring extends StorageMeasuring {
  constructor(private readonly database: Database) {
    super();
  }

  override begin(): Promise<boolean> {
    return inTransaction(this.database, async (tx) => {
      await tx.$executeRaw`LOCK TABLE storage_measurements IN EXCLUSIVE MODE`; // two workers begin one
      const [last] = await tx.$queryRaw<Array<{ isUnderWay: boolean; isFresh: boolean }>>`
        SELECT finished_at IS NULL AS "isUnderWay", coalesce(now() - finished_at < make_interval(secs => least(${STALE}::float8,
          greatest(${FRESH}::float8, ${SHARE}::float8 * extract(epoch FROM finished_at - started_at)::float8))), false) AS "isFresh"
        FROM storage_measurements ORDER BY id DESC LIMIT 1`;
      if (last?.isUnderWay) return true;
      if (last?.isFresh) return false;
      await tx.$executeRaw`INSERT INTO storage_measurements DEFAULT VALUES`;
      return true;
    });
  }

  override step(limit: number): Promise<'more' | 'done'> {
    return inTransaction(this.database, async (tx) => {
      const [walk] = await tx.$queryRaw<Walk[]>`
        SELECT id, phase, after_id AS after FROM storage_measurements WHERE finished_at IS NULL
        ORDER BY id DESC LIMIT 1 FOR UPDATE`;
      if (!walk) return 'done';
      return walk.phase === 'blobs' ? addBlobs(tx, walk, limit) : addManifests(tx, walk, limit);
    });
  }

  override trim(limit: number): Promise<number> {
    return inTransaction(this.database, async (tx) => {
      const [kept] = await tx.$queryRaw<Array<{ id: number }>>`
        SELECT id FROM storage_measurements WHERE finished_at IS NOT NULL ORDER BY id DESC OFFSET 1 LIMIT 1`;
      if (!kept) return 0;
      const packages = await tx.$executeRaw`
        DELETE FROM package_storage WHERE (measurement_id, package_id) IN (
          SELECT measurement_id, package_id FROM package_storage WHERE measurement_id < ${kept.id}
          ORDER BY measurement_id, package_id LIMIT ${limit})`;
      if (packages === limit) return packages;
      const namespaces = await tx.$executeRaw`
        DELETE FROM namespace_storage WHERE (measurement_id, namespace_id) IN (
          SELECT measurement_id, namespace_id FROM namespace_storage WHERE measurement_id < ${kept.id}
          ORDER BY measurement_id, namespace_id LIMIT ${limit})`;
      if (namespaces < limit) await tx.$executeRaw`DELETE FROM storage_measurements WHERE id < ${kept.id}`;
      return namespaces;
    });
  }
}

/** The next blobs, with the packages and namespaces that hold them. */
async function addBlobs(tx: Transaction, { id, after }: Walk, limit: number): Promise<'more'> {
  const [sum] = await tx.$queryRaw<Array<{ count: number }>>`
    WITH page AS MATERIALIZED (SELECT id, size FROM blobs WHERE id > ${after}::bigint ORDER BY id LIMIT ${limit}),
    held AS MATERIALIZED (
      SELECT b.size, l.package_id, p.namespace_id, count(*) OVER (PARTITION BY b.id) AS holders,
        count(*) OVER (PARTITION BY b.id, p.namespace_id) AS near,
        row_number() OVER (PARTITION BY b.id, p.namespace_id ORDER BY l.package_id) AS nth
      FROM page b JOIN package_blobs l ON l.blob_id = b.id JOIN packages p ON p.id = l.package_id
    ), by_package AS (
      INSERT INTO package_storage AS s
        (measurement_id, package_id, blobs, logical_bytes, exclusive_bytes, namespace_exclusive_bytes, pushed_at, pulled_at)
      SELECT ${id}::int, package_id, count(*), sum(size), coalesce(sum(size) FILTER (WHERE holders = 1), 0),
        coalesce(sum(size) FILTER (WHERE near = 1), 0), to_timestamp(0), to_timestamp(0)
      FROM held GROUP BY package_id ORDER BY package_id
      ON CONFLICT (measurement_id, package_id) DO UPDATE SET blobs = s.blobs + excluded.blobs,
        logical_bytes = s.logical_bytes + excluded.logical_bytes,
        exclusive_bytes = s.exclusive_bytes + excluded.exclusive_bytes,
        namespace_exclusive_bytes = s.namespace_exclusive_bytes + excluded.namespace_exclusive_bytes
    ), by_namespace AS (
      INSERT INTO namespace_storage AS s (measurement_id, namespace_id, logical_bytes, stored_bytes, exclusive_bytes)
      SELECT ${id}::int, namespace_id, sum(size), sum(size) FILTER (WHERE nth = 1),
        coalesce(sum(size) FILTER (WHERE nth = 1 AND near = holders), 0)
      FROM held GROUP BY namespace_id ORDER BY namespace_id
      ON CONFLICT (measurement_id, namespace_id) DO UPDATE SET logical_bytes = s.logical_bytes + excluded.logical_bytes,
        stored_bytes = s.stored_bytes + excluded.stored_bytes,
        exclusive_bytes = s.exclusive_bytes + excluded.exclusive_bytes
    )
    UPDATE storage_measurements SET
      blobs = blobs + b.count, stored_bytes = stored_bytes + b.bytes, after_id = coalesce(b.last, after_id),
      links = links + l.count, logical_bytes = logical_bytes + l.bytes
    FROM (SELECT count(*) AS count, coalesce(sum(size), 0) AS bytes, max(id) AS last FROM page) b,
      (SELECT count(*) AS count, coalesce(sum(size), 0) AS bytes FROM held) l
    WHERE storage_measurements.id = ${id} RETURNING b.count::int AS count`;
  if ((sum?.count ?? 0) < limit) {
    await tx.$executeRaw`UPDATE storage_measurements SET phase = 'manifests', after_id = 0 WHERE id = ${id}`;
  }
  return 'more';
}

/** The next manifests: how many versions, their bytes, the last push and pull. After the last the measurement counts. */
async function addManifests(tx: Transaction, { id, after }: Walk, limit: number): Promise<'more' | 'done'> {
  const [sum] = await tx.$queryRaw<Array<{ count: number }>>`
    WITH page AS MATERIALIZED (
      SELECT m.id, m.package_id, m.size, m.pushed_at, m.deleted_at IS NULL AS is_live, d.last_at
      FROM (SELECT * FROM manifests WHERE id > ${Number(after)} ORDER BY id LIMIT ${limit}) m
      LEFT JOIN manifest_downloads d ON d.manifest_id = m.id
    ), by_package AS (
      INSERT INTO package_storage AS s (measurement_id, package_id, versions, manifest_bytes, pushed_at, pulled_at)
      SELECT ${id}::int, package_id, count(*) FILTER (WHERE is_live), sum(size), max(pushed_at),
        coalesce(max(last_at), to_timestamp(0))
      FROM page GROUP BY package_id ORDER BY package_id
      ON CONFLICT (measurement_id, package_id) DO UPDATE SET versions = s.versions + excluded.versions,
        manifest_bytes = s.manifest_bytes + excluded.manifest_bytes,
        pushed_at = greatest(s.pushed_at, excluded.pushed_at), pulled_at = greatest(s.pulled_at, excluded.pulled_at)
    )
    UPDATE storage_measurements SET after_id = coalesce(b.last, after_id)
    FROM (SELECT count(*) AS count, max(id) AS last FROM page) b
    WHERE storage_measurements.id = ${id} RETURNING b.count::int AS count`;
  if ((sum?.count ?? 0) === limit) return 'more';
  await tx.$executeRaw`
    UPDATE storage_measurements SET phase = 'done', finished_at = clock_timestamp() WHERE id = ${id}`;
  await tx.$executeRaw`
    INSERT INTO storage_use (id, measured_at, blobs, stored_bytes, links, logical_bytes)
    SELECT 1, finished_at, blobs, stored_bytes, links, logical_bytes FROM storage_measurements WHERE id = ${id}
    ON CONFLICT (id) DO UPDATE SET measured_at = excluded.measured_at, blobs = excluded.blobs,
      stored_bytes = excluded.stored_bytes, links = excluded.links, logical_bytes = excluded.logical_bytes`;
  return 'done';
}
