import { Processor, WorkerHost } from '@nestjs/bullmq';
import { STORAGE_USE } from '#queue';
import { failpoint, Garbage, MeasureStorage } from '#registry';

const BATCH = 1000;

/** Sums up what is stored, and drops the oldest history of collection and the oldest tombstones. */
@Processor(STORAGE_USE)
export class MeasureStorageJob extends WorkerHost {
  constructor(
    private readonly measureStorage: MeasureStorage,
    private readonly garbage: Garbage,
  ) {
    super();
  }

  override async process(): Promise<void> {
    await this.measureStorage.run();
    while ((await this.garbage.trimHistory(BATCH)) === BATCH);
    failpoint('history-trimmed');
    while ((await this.garbage.trimTombstones(BATCH)) === BATCH);
  }
}
