import { Processor, WorkerHost } from '@nestjs/bullmq';
import { BUILD_CACHES } from '#queue';
import { EvictBuildCaches } from '#registry';
import { BY_SCHEDULE, unlessStopped } from './by-schedule.js';

/** Keeps the build caches of each package within its budget. */
@Processor(BUILD_CACHES)
export class EvictBuildCachesJob extends WorkerHost {
  constructor(private readonly evictBuildCaches: EvictBuildCaches) {
    super();
  }

  override process(): Promise<number | undefined> {
    return unlessStopped(this.evictBuildCaches.run(BY_SCHEDULE));
  }
}
