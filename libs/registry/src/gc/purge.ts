import type { DueManifest, DueRows, Garbage, GcPass } from '../ports/garbage.js';
import { byPackage } from './by-package.js';
import { failpoint } from './failpoint.js';
import type { GcBrake } from './gc-brake.js';

const BATCH = 100;

/** Deletes for good what was deleted and can no longer be restored: manifests with their referrers, then packages. */
export class Purge {
  constructor(
    private readonly garbage: Garbage,
    private readonly brake: GcBrake,
  ) {}

  /** Answers how many manifests and packages went. Errors: GcStopped. */
  async run(pass: GcPass): Promise<number> {
    let gone = 0;
    // A subject's referrers become due by its purge, and theirs by theirs: walk on until one walk deletes nothing.
    for (let before = -1; gone > before && !(pass.isDryRun && before >= 0); ) {
      before = gone;
      gone += await this.purgeManifests(pass);
    }
    return gone + (await this.purgePackages(pass));
  }

  private async purgeManifests(pass: GcPass): Promise<number> {
    let gone = 0;
    for (let after: string | undefined, isFirst = true; isFirst || after !== undefined; isFirst = false) {
      await this.brake.pass();
      const due: DueRows<DueManifest> = await this.garbage.findManifestsToPurge(this.brake.rows(BATCH), after);
      failpoint('purge-found');
      for (const [packageId, manifests] of byPackage(due.rows)) {
        const ids = manifests.map(({ id }) => id);
        gone += await this.garbage.purgeManifests(packageId, ids, pass);
        failpoint('manifests-purged');
      }
      this.brake.owe(due.rows.length);
      after = due.next;
    }
    return gone;
  }

  private async purgePackages(pass: GcPass): Promise<number> {
    let gone = 0;
    for (let after: string | undefined, isFirst = true; isFirst || after !== undefined; isFirst = false) {
      const { rows, next } = await this.garbage.findPackagesToPurge(BATCH, after);
      for (const packageId of rows) {
        let result: 'more' | 'done' | 'kept';
        do {
          await this.brake.pass();
          result = await this.garbage.purgePackage(packageId, pass);
          this.brake.owe(BATCH);
          failpoint('package-batch-purged');
        } while (result === 'more' && !pass.isDryRun);
        if (result === 'done') gone += 1;
      }
      after = next;
    }
    return gone;
  }
}
