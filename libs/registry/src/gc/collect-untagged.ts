import type { Garbage, GcPass } from '../ports/garbage.js';
import { byPackage } from './by-package.js';
import { failpoint } from './failpoint.js';
import type { GcBrake } from './gc-brake.js';

const BATCH = 200;

/** Hides manifests whose rule says that they stayed without a tag for long enough, unless something still needs them. */
export class CollectUntagged {
  constructor(
    private readonly garbage: Garbage,
    private readonly brake: GcBrake,
  ) {}

  /** Answers how many were hidden. Errors: GcStopped. */
  async run(pass: GcPass): Promise<number> {
    let hidden = 0;
    for (let after: string | undefined, isFirst = true; isFirst || after !== undefined; isFirst = false) {
      await this.brake.pass();
      const { rows, next } = await this.garbage.findDueManifests(this.brake.rows(BATCH), after);
      failpoint('untagged-found');
      for (const [packageId, manifests] of byPackage(rows)) {
        const ids = manifests.map(({ id }) => id);
        hidden += await this.garbage.collectUntagged(packageId, ids, pass);
        failpoint('untagged-hidden');
      }
      this.brake.owe(rows.length);
      after = next;
    }
    return hidden;
  }
}
