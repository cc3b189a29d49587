import { Processor, WorkerHost } from '@nestjs/bullmq';
import { RETENTION } from '#queue';
import { ApplyRetention } from '#registry';
import { BY_SCHEDULE, unlessStopped } from './by-schedule.js';

/** Removes tags that no rule of their package's retention policy keeps. */
@Processor(RETENTION)
export class ApplyRetentionJob extends WorkerHost {
  constructor(private readonly applyRetention: ApplyRetention) {
    super();
  }

  override process(): Promise<number | undefined> {
    return unlessStopped(this.applyRetention.run(BY_SCHEDULE));
  }
}
