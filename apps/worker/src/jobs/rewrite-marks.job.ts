import { Processor, WorkerHost } from '@nestjs/bullmq';
import { MARKS } from '#queue';
import { RewriteMarks } from '#registry';
import { unlessStopped } from './by-schedule.js';

/** Gives untagged manifests the time of a rule that changed. */
@Processor(MARKS)
export class RewriteMarksJob extends WorkerHost {
  constructor(private readonly rewriteMarks: RewriteMarks) {
    super();
  }

  override process(): Promise<void> {
    return unlessStopped(this.rewriteMarks.run());
  }
}
