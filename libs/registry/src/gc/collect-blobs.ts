import type { Garbage, GcPass } from '../ports/garbage.js';
import { failpoint } from './failpoint.js';
import type { GcBrake } from './gc-brake.js';

const BATCH = 200;

/** Lets go of blobs that no package holds any more: the rows go, and the objects are queued for deletion. */
export class CollectBlobs {
  constructor(
    private readonly garbage: Garbage,
    private readonly brake: GcBrake,
  ) {}

  /** Answers how many blobs it looked at. Errors: GcStopped. */
  async run(pass: GcPass): Promise<number> {
    let looked = 0;
    for (let after: string | undefined, isFirst = true; isFirst || after !== undefined; isFirst = false) {
      await this.brake.pass();
      const batch = await this.garbage.collectBlobs(this.brake.rows(BATCH), after, pass);
      failpoint('blobs-collected');
      this.brake.owe(batch.looked);
      looked += batch.looked;
      after = batch.next;
    }
    return looked;
  }
}
