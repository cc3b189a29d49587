import { Processor, WorkerHost } from '@nestjs/bullmq';
import { PURGE } from '#queue';
import { Purge } from '#registry';
import { BY_SCHEDULE, unlessStopped } from './by-schedule.js';

/** Deletes for good what can no longer be restored. */
@Processor(PURGE)
export class PurgeJob extends WorkerHost {
  constructor(private readonly purge: Purge) {
    super();
  }

  override process(): Promise<number | undefined> {
    return unlessStopped(this.purge.run(BY_SCHEDULE));
  }
}
