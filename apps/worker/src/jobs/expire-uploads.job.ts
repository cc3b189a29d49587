import { Processor, WorkerHost } from '@nestjs/bullmq';
import { UPLOAD_EXPIRY } from '#queue';
import { ExpireUploads } from '#registry';
import { BY_SCHEDULE, unlessStopped } from './by-schedule.js';

/** Ends upload sessions past their time. */
@Processor(UPLOAD_EXPIRY)
export class ExpireUploadsJob extends WorkerHost {
  constructor(private readonly expireUploads: ExpireUploads) {
    super();
  }

  override process(): Promise<number | undefined> {
    return unlessStopped(this.expireUploads.run(BY_SCHEDULE));
  }
}
