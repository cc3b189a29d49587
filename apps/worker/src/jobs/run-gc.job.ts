import { Processor, WorkerHost } from '@nestjs/bullmq';
import { GC_RUNS } from '#queue';
import { RunGc } from '#registry';

/** Works off the runs of garbage collection that operators asked for. */
@Processor(GC_RUNS)
export class RunGcJob extends WorkerHost {
  constructor(private readonly runGc: RunGc) {
    super();
  }

  override process(): Promise<number> {
    return this.runGc.run();
  }
}
