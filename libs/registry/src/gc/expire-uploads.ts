import type { Garbage, GcPass } from '../ports/garbage.js';
import { failpoint } from './failpoint.js';
import type { GcBrake } from './gc-brake.js';

const BATCH = 500;

/** Ends upload sessions past their time, in small transactions. */
export class ExpireUploads {
  constructor(
    private readonly garbage: Garbage,
    private readonly brake: GcBrake,
  ) {}

  /** Answers how many sessions ended. Errors: GcStopped. */
  async run(pass: GcPass): Promise<number> {
    let closed = 0;
    for (;;) {
      await this.brake.pass();
      const most = this.brake.rows(BATCH);
      const batch = await this.garbage.closeExpiredUploads(most, pass);
      failpoint('uploads-closed');
      this.brake.owe(batch);
      closed += batch;
      if (batch < most || pass.isDryRun) return closed;
    }
  }
}
