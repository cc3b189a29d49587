import { Processor, WorkerHost } from '@nestjs/bullmq';
import { UNTAGGED_MANIFESTS } from '#queue';
import { CollectUntagged } from '#registry';
import { BY_SCHEDULE, unlessStopped } from './by-schedule.js';

/** Hides manifests that stayed without a tag for as long as their rule says. */
@Processor(UNTAGGED_MANIFESTS)
export class CollectUntaggedJob extends WorkerHost {
  constructor(private readonly collectUntagged: CollectUntagged) {
    super();
  }

  override process(): Promise<number | undefined> {
    return unlessStopped(this.collectUntagged.run(BY_SCHEDULE));
  }
}
