import type { Page, PageRequest } from '#oci';
import {
  type Actor,
  type GcControl,
  type GcControlChange,
  type GcCount,
  type GcEntry,
  type GcRequest,
  type GcRun,
  GcRuns,
  type GcStep,
  type StorageUse,
} from '#registry';
import { recordAudit } from './audit.js';
import { type Database, Prisma } from './database.js';
import { downwardsFrom, pageOfIds } from './id-pages.js';
import { inTransaction } from './transaction.js';

/** Up to so many blobs or links a question after storage adds up itself; beyond it the last measurement answers. */
const SUMMED_AT_ONCE = 50_000;

/** What one batch makes the next wait, at most. */
const MAX_WAIT_SECONDS = 30;

type RunRow = Omit<GcRun, 'step' | 'grace' | 'startedAt' | 'finishedAt' | 'error' | 'counts'> & {
  step: GcStep | null;
  grace: number | null;
  startedAt: Date | null;
  finishedAt: Date | null;
  error: string | null;
};

type CountRow = Omit<GcCount, 'freed'> & { runId: number; exclusive: number | null; shared: number | null };

export class PrismaGcRuns extends GcRuns {
  constructor(private readonly database: Database) {
    super();
  }

  override start({ grace, isDryRun }: GcRequest, operator: Actor): Promise<number> {
    return inTransaction(this.database, async (tx) => {
      const [made] = await tx.$queryRaw<Array<{ id: number }>>`
        INSERT INTO gc_runs (grace, is_dry_run, requested_by)
        VALUES (${grace ?? null}, ${isDryRun}, ${operator.login}) RETURNING id`;
      const id = made?.id ?? 0;
      await recordAudit(tx, { actor: operator, action: 'gc.run', target: `run ${id}`, data: { grace, isDryRun } });
      return id;
    });
  }

  override async find(id: number): Promise<GcRun | undefined> {
    return (await this.describe(Prisma.sql`WHERE id = ${id}`))[0];
  }

  override async list({ limit, after }: PageRequest): Promise<Page<GcRun>> {
    const before = downwardsFrom(after);
    const runs = await this.describe(Prisma.sql`WHERE id < ${before}::bigint ORDER BY id DESC LIMIT ${limit + 1}`);
    return pageOfIds(runs, limit);
  }

  private async describe(which: Prisma.Sql): Promise<GcRun[]> {
    const runs = await this.database.$queryRaw<RunRow[]>`
      SELECT id, state, step, is_dry_run AS "isDryRun", grace, requested_by AS "requestedBy", created_at AS "createdAt",
        started_at AS "startedAt", finished_at AS "finishedAt", error FROM gc_runs ${which}`;
    const counts = await this.database.$queryRaw<CountRow[]>`
      SELECT run_id AS "runId", kind, count::float8 AS count, bytes::float8 AS bytes,
        exclusive_bytes::float8 AS exclusive, shared_bytes::float8 AS shared FROM gc_counts
      WHERE run_id = ANY(${runs.map(({ id }) => id)}::int[]) ORDER BY run_id, kind`;
    return runs.map((run) => ({
      ...run,
      step: run.step ?? undefined,
      grace: run.grace ?? undefined,
      startedAt: run.startedAt ?? undefined,
      finishedAt: run.finishedAt ?? undefined,
      error: run.error ?? undefined,
      counts: counts.filter(({ runId }) => runId === run.id).map(countOf),
    }));
  }

  override async entries(runId: number | undefined, { limit, after }: PageRequest): Promise<Page<GcEntry>> {
    const ofRun = runId === undefined ? Prisma.empty : Prisma.sql`AND run_id = ${runId}`;
    const rows = await this.database.$queryRaw<Array<NullableEntry>>`
      SELECT id::float8 AS id, at, kind, package_id AS "packageId", digest, bytes::float8 AS bytes, reason FROM gc_log
      WHERE id < ${downwardsFrom(after)}::bigint ${ofRun} ORDER BY gc_log.id DESC LIMIT ${limit + 1}`;
    const entries = rows.map((row) => ({
      ...row,
      packageId: row.packageId ?? undefined,
      digest: row.digest ?? undefined,
    }));
    return pageOfIds(entries, limit);
  }

  override async control(): Promise<GcControl> {
    const [row] = await this.database.$queryRaw<ControlRow[]>`SELECT mode, pace FROM gc_control WHERE id = 1`;
    return controlOf(row);
  }

  override changeControl({ mode, pace }: GcControlChange, operator: Actor): Promise<GcControl> {
    return inTransaction(this.database, async (tx) => {
      const [row] = await tx.$queryRaw<ControlRow[]>`
        UPDATE gc_control SET mode = coalesce(${mode ?? null}, mode),
          pace = CASE WHEN ${pace === undefined} THEN pace ELSE ${typeof pace === 'number' ? pace : null}::int END,
          changed_by = ${operator.login}, changed_at = now()
        RETURNING mode, pace`;
      const control = controlOf(row);
      await recordAudit(tx, { actor: operator, action: 'gc.control', target: control.mode, data: { ...control } });
      return control;
    });
  }

  override async spend(rows: number): Promise<{ mode: GcControl['mode']; waitMs: number }> {
    const [now] = await this.database.$queryRaw<
      Array<{ mode: GcControl['mode']; pace: number | null; waitMs: number }>
    >`
      SELECT mode, pace, coalesce(extract(epoch FROM paced_until - now()) * 1000, 0)::float8 AS "waitMs" FROM gc_control`;
    if (!now || now.pace === null) return { mode: now?.mode ?? 'on', waitMs: 0 };
    if (rows === 0) return now;
    const [paid] = await this.database.$queryRaw<Array<{ mode: GcControl['mode']; waitMs: number }>>`
      UPDATE gc_control SET paced_until = greatest(coalesce(paced_until, now()), now())
        + make_interval(secs => least(${MAX_WAIT_SECONDS}, ${rows}::float8 / pace))
      WHERE pace IS NOT NULL
      RETURNING mode, (extract(epoch FROM paced_until - now()) * 1000)::float8 AS "waitMs"`;
    return paid ?? { mode: now.mode, waitMs: 0 };
  }

  override async storageUse(): Promise<StorageUse> {
    const [awaiting] = await this.database.$queryRaw<SumRow[]>`
      SELECT now() AS at, count(*)::float8 AS count, coalesce(sum(size), 0)::float8 AS bytes
      FROM (SELECT size FROM object_deletions WHERE NOT is_repeat LIMIT 1000000) d`;
    const use = (await this.measuredUse()) ?? (await this.summedUse());
    return { ...use, awaiting: awaiting?.count ?? 0, awaitingBytes: awaiting?.bytes ?? 0 };
  }

  /** The last measurement, where there is too much to add up. */
  private async measuredUse(): Promise<Use | undefined> {
    const [measured] = await this.database.$queryRaw<Use[]>`
      SELECT measured_at AS "measuredAt", blobs::float8 AS blobs, stored_bytes::float8 AS "storedBytes",
        links::float8 AS links, logical_bytes::float8 AS "logicalBytes" FROM storage_use
      WHERE (SELECT count(*) FROM (SELECT FROM package_blobs LIMIT ${SUMMED_AT_ONCE + 1}) l) > ${SUMMED_AT_ONCE}
        OR (SELECT count(*) FROM (SELECT FROM blobs LIMIT ${SUMMED_AT_ONCE + 1}) b) > ${SUMMED_AT_ONCE}`;
    return measured;
  }

  private async summedUse(): Promise<Use> {
    const [blobs] = await this.database.$queryRaw<SumRow[]>`
      SELECT now() AS at, count(*)::float8 AS count, coalesce(sum(size), 0)::float8 AS bytes
      FROM (SELECT size FROM blobs LIMIT ${SUMMED_AT_ONCE + 1}) b`;
    const [links] = await this.database.$queryRaw<SumRow[]>`
      SELECT now() AS at, count(*)::float8 AS count, coalesce(sum(b.size), 0)::float8 AS bytes
      FROM (SELECT blob_id FROM package_blobs LIMIT ${SUMMED_AT_ONCE + 1}) l JOIN blobs b ON b.id = l.blob_id`;
    return {
      measuredAt: blobs?.at ?? new Date(),
      blobs: blobs?.count ?? 0,
      storedBytes: blobs?.bytes ?? 0,
      links: links?.count ?? 0,
      logicalBytes: links?.bytes ?? 0,
    };
  }
}

type Use = Omit<StorageUse, 'awaiting' | 'awaitingBytes'>;

interface ControlRow {
  mode: GcControl['mode'];
  pace: number | null;
}

const controlOf = (row: ControlRow | undefined): GcControl => ({
  mode: row?.mode ?? 'on',
  pace: row?.pace ?? undefined,
});

const countOf = ({ kind, count, bytes, exclusive, shared }: CountRow): GcCount => ({
  kind,
  count,
  bytes,
  freed: exclusive === null || shared === null ? undefined : { exclusive, shared },
});

interface SumRow {
  at: Date;
  count: number;
  bytes: number;
}

type NullableEntry = Omit<GcEntry, 'packageId' | 'digest'> & {
  packageId: number | null;
  digest: GcEntry['digest'] | null;
};
