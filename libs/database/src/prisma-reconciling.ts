import {
  type ListedUpload,
  type LostBlob,
  type ObjectKey,
  type ReconcileClaim,
  type ReconcilePage,
  Reconciling,
  type StrayObject,
  type StrayUpload,
  type SuspectBlob,
} from '#registry';
import { type Database, Prisma } from './database.js';
import { recordFindings } from './reconcile-findings.js';
import { inTransaction } from './transaction.js';

/** An object that nobody knows is deleted only after it stayed so for this long. */
const DELAY_SECONDS = 86_400;
/** Suspects of one page; where more blobs lost their objects, the page ends there. */
const MAX_SUSPECTS = 1000;
/** A worker that gave no sign of life for so long has lost its run. */
const SILENT_SECONDS = 30;
/** After an error, such as a store that is away. */
const RETRY_SECONDS = 60;
const KEPT_RUNS = 50;
/** Key of the advisory lock that makes claims take turns. */
const CLAIMS = 0x62746873;

export class PrismaReconciling extends Reconciling {
  /** `backupHorizon` in seconds: a row may come back with a backup of that age. */
  constructor(
    private readonly database: Database,
    private readonly backupHorizon: number,
  ) {
    super();
  }

  override claim(): Promise<ReconcileClaim | undefined> {
    return inTransaction(this.database, async (tx) => {
      await tx.$executeRaw`SELECT pg_advisory_xact_lock(${CLAIMS}::int)`;
      const [control] = await tx.$queryRaw<Array<{ mode: string }>>`SELECT mode FROM gc_control`;
      if (control?.mode !== 'on') return undefined;
      const alive = await tx.$queryRaw<unknown[]>`
        SELECT 1 FROM reconcile_runs
        WHERE state = 'running' AND seen_at >= now() - make_interval(secs => ${SILENT_SECONDS}::float8)`;
      if (alive.length > 0) return undefined;
      await tx.$executeRaw`
        INSERT INTO reconcile_runs (requested_by) SELECT NULL::text WHERE NOT EXISTS (
          SELECT FROM reconcile_runs WHERE requested_by IS NULL
            AND (finished_at IS NULL OR created_at > now() - interval '1 day'))`;
      await tx.$executeRaw`
        DELETE FROM reconcile_runs WHERE finished_at IS NOT NULL
          AND id <= (SELECT id FROM reconcile_runs ORDER BY id DESC OFFSET ${KEPT_RUNS} LIMIT 1)`;
      const [run] = await tx.$queryRaw<ReconcileClaim[]>`
        UPDATE reconcile_runs SET state = 'running', started_at = coalesce(started_at, now()), seen_at = now(), error = NULL
        WHERE id = (SELECT id FROM reconcile_runs
          WHERE finished_at IS NULL
            AND (error IS NULL OR seen_at < now() - make_interval(secs => ${RETRY_SECONDS}::float8))
          ORDER BY id LIMIT 1)
        RETURNING id, is_dry_run AS "isDryRun", phase, after`;
      return run;
    });
  }

  override async keepAlive(id: number): Promise<void> {
    await this.database.$executeRaw`UPDATE reconcile_runs SET seen_at = now() WHERE id = ${id} AND state = 'running'`;
  }

  override async finish(id: number, outcome: 'done' | { error: string }): Promise<void> {
    const state = outcome === 'done' ? 'done' : 'failed';
    const error = outcome === 'done' ? null : outcome.error.slice(0, 1000);
    await this.database.$executeRaw`
      UPDATE reconcile_runs SET state = ${state}, finished_at = now(), error = ${error}
      WHERE id = ${id} AND finished_at IS NULL`;
  }

  override async release(id: number, error: string | undefined): Promise<void> {
    await this.database.$executeRaw`
      UPDATE reconcile_runs SET state = 'queued', seen_at = now(), error = ${error?.slice(0, 1000) ?? null}
      WHERE id = ${id} AND state = 'running'`;
  }

  override compare(run: ReconcileClaim, page: ReconcilePage) {
    return inTransaction(this.database, async (tx) => {
      const keys = page.listed.map(({ key }) => key);
      const sizes = page.listed.map(({ size }) => BigInt(size));
      const suspects = await tx.$queryRaw<SuspectBlob[]>`
        SELECT b.object_key AS "objectKey", b.digest, b.size::float8 AS size FROM blobs b
        WHERE b.object_key > ${page.after} AND (${page.to ?? null}::text IS NULL OR b.object_key <= ${page.to ?? null})
          AND b.created_at < (SELECT started_at FROM reconcile_runs WHERE id = ${run.id})
          AND NOT EXISTS (SELECT FROM unnest(${keys}::text[], ${sizes}::bigint[]) AS l(key, size)
            WHERE l.key = b.object_key AND l.size = b.size)
        ORDER BY b.object_key LIMIT ${MAX_SUSPECTS}`;
      const to = suspects.length === MAX_SUSPECTS ? (suspects.at(-1)?.objectKey as ObjectKey) : page.to;
      // One statement looks in all four places: at every commit a key is in one of them.
      const delay = Prisma.sql`now() + make_interval(secs => ${Math.max(DELAY_SECONDS, this.backupHorizon)}::float8)`;
      const strays = await tx.$queryRaw<Array<StrayObject & { deleteAt: Date | null }>>`
        WITH unknown AS (
          SELECT l.key, l.size, d.not_before, d.object_key IS NULL AS is_new
          FROM unnest(${keys}::text[], ${sizes}::bigint[]) AS l(key, size)
          LEFT JOIN object_deletions d ON d.object_key = l.key
          WHERE (${to ?? null}::text IS NULL OR l.key <= ${to ?? null}) AND (d.object_key IS NULL OR d.is_stray)
            AND NOT EXISTS (SELECT FROM blobs WHERE object_key = l.key)
            AND NOT EXISTS (SELECT FROM upload_pieces WHERE object_key = l.key)
            AND NOT EXISTS (SELECT FROM upload_sessions WHERE object_key = l.key)
        ), queued AS (
          INSERT INTO object_deletions (object_key, size, not_before, is_stray)
          SELECT key, size, ${delay}, true FROM unknown WHERE is_new AND NOT ${run.isDryRun}
          ON CONFLICT DO NOTHING
        )
        SELECT key, size::float8 AS size, is_new AND NOT ${run.isDryRun} AS "isNew",
          CASE WHEN NOT is_new THEN not_before WHEN NOT ${run.isDryRun} THEN ${delay} END AS "deleteAt"
        FROM unknown ORDER BY key`;
      return { to, suspects, strays: strays.map((stray) => ({ ...stray, deleteAt: stray.deleteAt ?? undefined })) };
    });
  }

  override recordObjects(
    run: ReconcileClaim,
    { after, to, listed }: ReconcilePage,
    { strays, lost }: { strays: readonly StrayObject[]; lost: readonly LostBlob[] },
  ): Promise<number | undefined> {
    return inTransaction(this.database, async (tx) => {
      const gone = lost.filter(({ found }) => found === undefined).length;
      const moved = await tx.$executeRaw`
        UPDATE reconcile_runs SET seen_at = now(), objects = objects + ${listed.length},
          bytes = bytes + ${sumOf(listed)}::bigint, unknown = unknown + ${strays.length},
          unknown_bytes = unknown_bytes + ${sumOf(strays)}::bigint,
          missing = missing + ${gone}, resized = resized + ${lost.length - gone},
          phase = ${to === undefined ? 'uploads' : 'objects'}, after = ${to ?? ''}
        WHERE id = ${run.id} AND state = 'running' AND phase = 'objects' AND after = ${after}`;
      if (moved === 0) return undefined;
      await recordFindings(tx, run.id, [
        ...strays.map(({ key, size, deleteAt }) => ({
          kind: 'unknown_object' as const,
          objectKey: key,
          size,
          deleteAt,
        })),
        ...lost.map(({ objectKey, digest, size, found }) => ({
          kind: found === undefined ? ('missing' as const) : ('wrong_size' as const),
          objectKey,
          digest,
          size: found,
          expectedSize: size,
        })),
      ]);
      if (run.isDryRun) return 0;
      return tx.$executeRaw`
        UPDATE blobs SET missing_since = now(), missing_reason = l.reason
        FROM unnest(${lost.map(({ objectKey }) => objectKey)}::text[],
          ${lost.map(({ found }) => (found === undefined ? 'gone' : 'size'))}::text[]) AS l(key, reason)
        WHERE object_key = l.key AND missing_since IS NULL`;
    });
  }

  override async findStrayUploads(listed: readonly ListedUpload[]): Promise<StrayUpload[]> {
    const rows = await this.database.$queryRaw<Array<{ place: number; deleteAt: Date; isDue: boolean }>>`
      SELECT l.place::int AS place, l.started_at + make_interval(secs => ${DELAY_SECONDS}::float8) AS "deleteAt",
        l.started_at <= now() - make_interval(secs => ${DELAY_SECONDS}::float8) AS "isDue"
      FROM unnest(${listed.map(({ key }) => key)}::text[], ${listed.map(({ startedAt }) => startedAt)}::timestamptz[])
        WITH ORDINALITY AS l(key, started_at, place)
      WHERE NOT EXISTS (SELECT FROM upload_sessions WHERE object_key = l.key)
        AND NOT EXISTS (SELECT FROM object_deletions WHERE object_key = l.key)
      ORDER BY l.place`;
    return rows.flatMap(({ place, deleteAt, isDue }) => {
      const upload = listed[place - 1];
      return upload ? [{ ...upload, deleteAt, isDue }] : [];
    });
  }

  override recordUploads(
    run: ReconcileClaim,
    page: { after: ObjectKey; to: ObjectKey | undefined; count: number },
    strays: readonly StrayUpload[],
  ): Promise<boolean> {
    return inTransaction(this.database, async (tx) => {
      const moved = await tx.$executeRaw`
        UPDATE reconcile_runs SET seen_at = now(), uploads = uploads + ${page.count},
          stray_uploads = stray_uploads + ${strays.length},
          after = ${page.to ?? page.after}
        WHERE id = ${run.id} AND state = 'running' AND phase = 'uploads' AND after = ${page.after}`;
      if (moved === 0) return false;
      await recordFindings(
        tx,
        run.id,
        strays.map(({ key, deleteAt }) => ({
          kind: 'stray_upload' as const,
          objectKey: key,
          size: undefined,
          deleteAt: run.isDryRun ? undefined : deleteAt,
        })),
      );
      return true;
    });
  }
}

const sumOf = (objects: ReadonlyArray<{ size: number }>): bigint =>
  objects.reduce((sum, { size }) => sum + BigInt(size), 0n);
