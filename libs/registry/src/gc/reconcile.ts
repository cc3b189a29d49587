import type { ObjectStore } from '../ports/object-store.js';
import type { Reconciling } from '../ports/reconciling.js';
import { failpoint } from './failpoint.js';
import type { GcBrake } from './gc-brake.js';

const PAGE = 1000;

/**
 * Compares the object store with the database, both ways and page by page: memory does not grow with either. A walk that was
 * broken off goes on where it was.
 */
export class Reconcile {
  constructor(
    private readonly reconciling: Reconciling,
    private readonly objects: ObjectStore,
    private readonly brake: GcBrake,
  ) {}

  /** One walk, or the rest of one. Errors: GcStopped. */
  async run(): Promise<{ objects: number; unknown: number; missing: number }> {
    const sum = { objects: 0, unknown: 0, missing: 0 };
    let after: string | undefined = await this.reconciling.begin();
    while (after !== undefined) {
      await this.brake.pass(PAGE);
      const listed = await this.objects.list(after, PAGE);
      const to = listed.length === PAGE ? listed.at(-1)?.key : undefined;
      const { unknown, suspects } = await this.reconciling.compare(after, to, listed);
      failpoint('page-compared');
      const lost: string[] = [];
      for (const { objectKey, size } of suspects) {
        // Asked again by name: it may have been written after the listing.
        if ((await this.objects.size(objectKey)) !== size) lost.push(objectKey);
      }
      const missing = await this.reconciling.markMissing(lost);
      const found = { objects: listed.length, unknown, missing };
      await this.reconciling.advance(to, found);
      sum.objects += found.objects;
      sum.unknown += unknown;
      sum.missing += missing;
      after = to;
    }
    return sum;
  }
}
