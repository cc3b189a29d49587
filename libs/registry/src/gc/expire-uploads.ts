import type { Garbage } from '../ports/garbage.js';

const BATCH = 500;

/** Ends upload sessions past their time, in small transactions. */
export class ExpireUploads {
  constructor(private readonly garbage: Garbage) {}

  /** Answers how many sessions ended. */
  async run(): Promise<number> {
    let closed = 0;
    for (;;) {
      const batch = await this.garbage.closeExpiredUploads(BATCH);
      closed += batch;
      if (batch < BATCH) return closed;
    }
  }
}
