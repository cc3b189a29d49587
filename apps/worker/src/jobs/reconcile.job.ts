import { Processor, WorkerHost } from '@nestjs/bullmq';
import { Inject } from '@nestjs/common';
import type { Logger } from 'pino';
import { Counter, register } from 'prom-client';
import { LOG } from '#nest';
import { RECONCILE } from '#queue';
import { Reconcile, type ReconcileOutcome } from '#registry';

/** Compares the object store with the database, once a day and when operators ask; goes on with a run that was broken off. */
@Processor(RECONCILE)
export class ReconcileJob extends WorkerHost {
  constructor(
    private readonly reconcile: Reconcile,
    @Inject(LOG) private readonly log: Logger,
  ) {
    super();
  }

  override async process(): Promise<void> {
    for (const run of await this.ended()) {
      UNKNOWN.inc(run.queued);
      MISSING.inc(run.missing);
      STRAY_UPLOADS.inc(run.dropped);
      if (run.missing > 0) this.log.error(run, 'blobs have no object in storage, or one of another size');
      else this.log.info(run, 'object store and database were compared');
    }
  }

  /** A store that is away breaks a run off; it goes on a minute later, and says so itself. */
  private async ended(): Promise<ReconcileOutcome[]> {
    try {
      return await this.reconcile.run();
    } catch (error) {
      this.log.warn({ err: error }, 'the comparison of object store and database was broken off, and will go on');
      return [];
    }
  }
}

const UNKNOWN = new Counter({
  name: 'berth_reconcile_unknown_objects_total',
  help: 'Objects in storage that the database did not know, and that were queued for deletion',
  registers: [register],
});
const MISSING = new Counter({
  name: 'berth_reconcile_missing_blobs_total',
  help: 'Blobs whose object was found not to be in storage, or of another size',
  registers: [register],
});
const STRAY_UPLOADS = new Counter({
  name: 'berth_reconcile_dropped_uploads_total',
  help: 'Multipart uploads in storage that the database did not know, and that were dropped',
  registers: [register],
});
