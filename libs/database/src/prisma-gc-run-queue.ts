import { type GcRequest, GcRunQueue, type GcStep } from '#registry';
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
          AND (SELECT mode <> 'paused' FROM gc_control) -- where it is off, the run is told so and ends
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
}
