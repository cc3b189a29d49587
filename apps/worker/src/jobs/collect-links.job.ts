import { Processor, WorkerHost } from '@nestjs/bullmq';
import { IDLE_LINKS } from '#queue';
import { CollectLinks } from '#registry';
import { BY_SCHEDULE, unlessStopped } from './by-schedule.js';

/** Takes links away that no manifest used for the grace. */
@Processor(IDLE_LINKS)
export class CollectLinksJob extends WorkerHost {
  constructor(private readonly collectLinks: CollectLinks) {
    super();
  }

  override process(): Promise<number | undefined> {
    return unlessStopped(this.collectLinks.run(BY_SCHEDULE));
  }
}
