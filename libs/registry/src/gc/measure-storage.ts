import type { StorageMeasuring } from '../ports/storage-measuring.js';
import { failpoint } from './failpoint.js';
import type { GcBrake } from './gc-brake.js';

const BATCH = 5000;

/** Sums up what packages and namespaces store, for registries too large to do it when somebody asks. */
export class MeasureStorage {
  constructor(
    private readonly measuring: StorageMeasuring,
    private readonly brake: GcBrake,
  ) {}

  /** Goes on where the last one stopped; stops itself where the process ends. */
  async run(): Promise<void> {
    if (!(await this.measuring.begin())) return;
    failpoint('measurement-begun');
    while (!this.brake.signal.aborted && (await this.measuring.step(BATCH)) === 'more') failpoint('storage-added');
    failpoint('storage-measured');
    while (!this.brake.signal.aborted && (await this.measuring.trim(BATCH)) === BATCH);
  }
}
