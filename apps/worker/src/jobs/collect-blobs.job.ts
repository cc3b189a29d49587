import { Processor, WorkerHost } from '@nestjs/bullmq';
import { IDLE_BLOBS } from '#queue';
import { CollectBlobs } from '#registry';
import { BY_SCHEDULE, unlessStopped } from './by-schedule.js';

/** Lets go of blobs that no package holds. */
@Processor(IDLE_BLOBS)
export class CollectBlobsJob extends WorkerHost {
  constructor(private readonly collectBlobs: CollectBlobs) {
    super();
  }

  override process(): Promise<number | undefined> {
    return unlessStopped(this.collectBlobs.run(BY_SCHEDULE));
  }
}
