import { type GcRequest, GcRunQueue, type GcStep, type StorageSum } from '#registry';
import type { Database } from './database.js';

/** A worker that gave no sign of life for so long has lost its run. */
const SILENT_SECONDS = 30;

export class PrismaGcRunQueue extends GcRunQueue {
  constructor(private readonly database: Database) {
    super();
  }

  override async claim(): Promise<(GcRequest & { id: number }) | undefined> {
    const [run] = await this.database.$queryRaw<Array<{ id: number; grace: number | null; isDryRun: boolean }>>`
      UPDATE gc_runs SET state = 'running', started_at = coalesce(started_at, now()), seen_at = now() WHERE id = (
        SELECT id FROM gc_runs
        WHERE finished_at IS NULL
          AND (state = 'queued' OR seen_at < now() - make_interval(secs => ${SILENT_SECONDS}::float8))
          AND (SELECT mode = 'on' FROM gc_control)
        ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED)
      RETURNING id, grace, is_dry_run AS "isDryRun"`;
    return run && { ...run, grace: run.grace ?? undefined };
  }

  override async reach(id: number, step: GcStep): Promise<void> {
    await this.database.$executeRaw`UPDATE gc_runs SET step = ${step} WHERE id = ${id} AND state = 'running'`;
  }

  override async keepAlive(id: number): Promise<void> {
    await this.database.$executeRaw`UPDATE gc_runs SET seen_at = now() WHERE id = ${id} AND state = 'running'`;
  }

  override async finish(id: number, outcome: 'done' | { error: string }): Promise<void> {
    const state = outcome === 'done' ? 'done' : 'failed';
    const error = outcome === 'done' ? null : outcome.error.slice(0, 1000);
    await this.database.$executeRaw`
      UPDATE gc_runs SET state = ${state}, finished_at = now(), error = ${error}
      WHERE id = ${id} AND finished_at IS NULL`;
  }

  override async release(id: number): Promise<void> {
    await this.database.$executeRaw`UPDATE gc_runs SET state = 'queued' WHERE id = ${id} AND state = 'running'`;
  }

  override async now(): Promise<Date> {
    const [row] = await this.database.$queryRaw<Array<{ now: Date }>>`SELECT now()`;
    return row?.now ?? new Date();
  }

  override async sumBlobs(afterId: bigint, limit: number): Promise<StorageSum & { lastId: bigint }> {
    const [sum] = await this.database.$queryRaw<Array<StorageSum & { lastId: bigint | null }>>`
      SELECT count(*)::float8 AS count, coalesce(sum(size), 0)::float8 AS bytes, max(id) AS "lastId"
      FROM (SELECT id, size FROM blobs WHERE id > ${afterId}::bigint ORDER BY id LIMIT ${limit}) b`;
    return { count: sum?.count ?? 0, bytes: sum?.bytes ?? 0, lastId: sum?.lastId ?? afterId };
  }

  override async sumLinks(after: { packageId: number; digest: string }, limit: number) {
    const [sum] = await this.database.$queryRaw<Array<StorageSum & { packageId: number; digest: string }>>`
      WITH page AS (
        SELECT package_id, digest, blob_id FROM package_blobs
        WHERE (package_id, digest) > (${after.packageId}, ${after.digest}) ORDER BY package_id, digest LIMIT ${limit}
      ), last AS (SELECT package_id, digest FROM page ORDER BY package_id DESC, digest DESC LIMIT 1)
      SELECT last.package_id AS "packageId", last.digest,
        (SELECT count(*) FROM page)::float8 AS count,
        (SELECT coalesce(sum(b.size), 0) FROM page JOIN blobs b ON b.id = page.blob_id)::float8 AS bytes
      FROM last`;
    if (!sum) return { count: 0, bytes: 0, last: after };
    return { count: sum.count, bytes: sum.bytes, last: { packageId: sum.packageId, digest: sum.digest } };
  }

  override async recordUse(blobs: StorageSum, links: StorageSum): Promise<void> {
    await this.database.$executeRaw`
      INSERT INTO storage_use (id, measured_at, blobs, stored_bytes, links, logical_bytes)
      VALUES (1, now(), ${blobs.count}::bigint, ${blobs.bytes}::bigint, ${links.count}::bigint, ${links.bytes}::bigint)
      ON CONFLICT (id) DO UPDATE SET measured_at = now(), blobs = excluded.blobs, stored_bytes = excluded.stored_bytes,
        links = excluded.links, logical_bytes = excluded.logical_bytes`;
  }
}
