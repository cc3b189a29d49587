import type { DueRows, Garbage, GcPass } from '../ports/garbage.js';
import { failpoint } from './failpoint.js';
import type { GcBrake } from './gc-brake.js';

const PAGE = 200;
/** Rows of one batch, about: caches are few, and each takes its references along. */
const BATCH = 50;

/** Keeps the build caches of each package within its budget: the least recently used go first, and for good. */
export class EvictBuildCaches {
  constructor(
    private readonly garbage: Garbage,
    private readonly brake: GcBrake,
  ) {}

  /** Answers how many caches went. Errors: GcStopped. */
  async run(pass: GcPass): Promise<number> {
    let evicted = 0;
    for (let after: string | undefined, isFirst = true; isFirst || after !== undefined; isFirst = false) {
      const due: DueRows<number> = await this.garbage.findBuildCachesToLookAt(PAGE, after);
      failpoint('build-caches-found');
      for (const packageId of due.rows) evicted += await this.evict(packageId, pass);
      after = due.next;
    }
    return evicted;
  }

  private async evict(packageId: number, pass: GcPass): Promise<number> {
    for (let evicted = 0; ; ) {
      await this.brake.pass();
      const batch = await this.garbage.evictBuildCaches(packageId, pass);
      this.brake.owe(BATCH);
      failpoint('build-caches-evicted');
      evicted += batch.evicted;
      if (batch.isDone || pass.isDryRun) return evicted;
    }
  }
}
