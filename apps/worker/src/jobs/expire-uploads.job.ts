import { Processor, WorkerHost } from '@nestjs/bullmq';
import { UPLOAD_EXPIRY } from '#queue';
import { ExpireUploads } from '#registry';

/** Ends upload sessions past their time. */
@Processor(UPLOAD_EXPIRY)
export class ExpireUploadsJob extends WorkerHost {
  constructor(private readonly expireUploads: ExpireUploads) {
    super();
  }

  override process(): Promise<number> {
    return this.expireUploads.run();
  }
}
