import type { Digest, Page, PageRequest } from '#oci';
import { type Actor, type FindingKind, type ReconcileFinding, type ReconcileRun, ReconcileRuns } from '#registry';
import { recordAudit } from './audit.js';
import { type Database, Prisma } from './database.js';
import { holdersOf } from './holders.js';
import { downwardsFrom, pageOfIds, upwardsFrom } from './id-pages.js';
import { inTransaction } from './transaction.js';

type RunRow = Omit<ReconcileRun, 'requestedBy' | 'startedAt' | 'finishedAt' | 'error' | 'progress'> & {
  requestedBy: string | null;
  startedAt: Date | null;
  finishedAt: Date | null;
  error: string | null;
  phase: 'objects' | 'uploads';
  after: string;
};

interface FindingRow {
  id: number;
  kind: FindingKind;
  objectKey: string;
  digest: Digest | null;
  size: number | null;
  expectedSize: number | null;
  deleteAt: Date | null;
}

export class PrismaReconcileRuns extends ReconcileRuns {
  constructor(private readonly database: Database) {
    super();
  }

  override start(isDryRun: boolean, operator: Actor): Promise<number> {
    return inTransaction(this.database, async (tx) => {
      const [made] = await tx.$queryRaw<Array<{ id: number }>>`
        INSERT INTO reconcile_runs (is_dry_run, requested_by) VALUES (${isDryRun}, ${operator.login}) RETURNING id`;
      const id = made?.id ?? 0;
      await recordAudit(tx, { actor: operator, action: 'reconcile.run', target: `run ${id}`, data: { isDryRun } });
      return id;
    });
  }

  override async find(id: number): Promise<ReconcileRun | undefined> {
    return (await this.describe(Prisma.sql`WHERE id = ${id}`))[0];
  }

  override async list({ limit, after }: PageRequest): Promise<Page<ReconcileRun>> {
    const before = downwardsFrom(after);
    const runs = await this.describe(Prisma.sql`WHERE id < ${before}::bigint ORDER BY id DESC LIMIT ${limit + 1}`);
    return pageOfIds(runs, limit);
  }

  private async describe(which: Prisma.Sql): Promise<ReconcileRun[]> {
    const rows = await this.database.$queryRaw<RunRow[]>`
      SELECT id, state, is_dry_run AS "isDryRun", requested_by AS "requestedBy", created_at AS "createdAt",
        started_at AS "startedAt", finished_at AS "finishedAt", error, phase, after, objects::float8 AS objects,
        bytes::float8 AS bytes, unknown::float8 AS "unknownObjects", unknown_bytes::float8 AS "unknownBytes",
        missing::float8 AS missing, resized::float8 AS "wrongSize", uploads::float8 AS uploads,
        stray_uploads::float8 AS "strayUploads", findings AS kept
      FROM reconcile_runs ${which}`;
    return rows.map(({ phase, after, ...run }) => ({
      ...run,
      requestedBy: run.requestedBy ?? undefined,
      startedAt: run.startedAt ?? undefined,
      finishedAt: run.finishedAt ?? undefined,
      error: run.error ?? undefined,
      progress: run.state === 'done' || phase === 'uploads' ? 1 : shareBefore(after),
    }));
  }

  override async findings(
    runId: number,
    kind: FindingKind | undefined,
    { limit, after }: PageRequest,
  ): Promise<Page<ReconcileFinding>> {
    const ofKind = kind === undefined ? Prisma.empty : Prisma.sql`AND kind = ${kind}`;
    const rows = await this.database.$queryRaw<FindingRow[]>`
      SELECT id::float8 AS id, kind, object_key AS "objectKey", digest, size::float8 AS size,
        expected_size::float8 AS "expectedSize", delete_at AS "deleteAt"
      FROM reconcile_findings WHERE run_id = ${runId} AND id > ${upwardsFrom(after)}::bigint ${ofKind}
      ORDER BY reconcile_findings.id LIMIT ${limit + 1}`;
    const { items: shown, next } = pageOfIds(rows, limit);
    const holders = await holdersOf(
      this.database,
      shown.flatMap(({ digest }) => digest ?? []),
    );
    const items = shown.map(({ digest, ...row }) => ({
      ...row,
      digest: digest ?? undefined,
      size: row.size ?? undefined,
      expectedSize: row.expectedSize ?? undefined,
      deleteAt: row.deleteAt ?? undefined,
      packages: (digest && holders.get(digest)) || [],
    }));
    return { items, next };
  }
}

/** Keys are random: how many sort before this one tells the share of all. */
const shareBefore = (key: string): number =>
  /^[0-9a-f]{8}/.test(key) ? Number.parseInt(key.slice(0, 8), 16) / 2 ** 32 : 0;
