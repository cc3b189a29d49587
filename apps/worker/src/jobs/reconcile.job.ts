import { Processor, WorkerHost } from '@nestjs/bullmq';
import { Inject } from '@nestjs/common';
import type { Logger } from 'pino';
import { Counter, register } from 'prom-client';
import { LOG } from '#nest';
import { RECONCILE } from '#queue';
import { Reconcile } from '#registry';
import { unlessStopped } from './by-schedule.js';

/** Compares the object store with the database; a walk that was broken off goes on with the next look. */
@Processor(RECONCILE)
export class ReconcileJob extends WorkerHost {
  constructor(
    private readonly reconcile: Reconcile,
    @Inject(LOG) private readonly log: Logger,
  ) {
    super();
  }

  override async process(): Promise<void> {
    const found = await unlessStopped(this.reconcile.run());
    if (!found) return;
    UNKNOWN.inc(found.unknown);
    MISSING.inc(found.missing);
    if (found.missing > 0) this.log.error(found, 'blobs have no object in storage, or one of another size');
    else this.log.info(found, 'object store and database were compared');
  }
}

const UNKNOWN = new Counter({
  name: 'berth_reconcile_unknown_objects_total',
  help: 'Objects in storage that the database did not know',
  registers: [register],
});
const MISSING = new Counter({
  name: 'berth_reconcile_missing_blobs_total',
  help: 'Blobs whose object was not in storage, or of another size',
  registers: [register],
});
