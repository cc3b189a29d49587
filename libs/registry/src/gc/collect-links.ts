import { setTimeout as sleep } from 'node:timers/promises';
import type { Garbage, GcPass, LinkKey } from '../ports/garbage.js';
import { byPackage } from './by-package.js';
import { failpoint } from './failpoint.js';
import type { GcBrake } from './gc-brake.js';

const BATCH = 200;
/** A busy package is passed over as often; then its gate is waited for. */
const TRIES = 3;
const BETWEEN_TRIES_MS = 50;

/** Takes links away that stayed without a manifest for longer than the grace. */
export class CollectLinks {
  constructor(
    private readonly garbage: Garbage,
    private readonly brake: GcBrake,
  ) {}

  /** Answers how many links it looked at. Errors: GcStopped. */
  async run(pass: GcPass): Promise<number> {
    let looked = 0;
    for (let after: string | undefined, isFirst = true; isFirst || after !== undefined; isFirst = false) {
      await this.brake.pass();
      const { rows, next } = await this.garbage.findIdleLinks(this.brake.rows(BATCH), after, pass);
      failpoint('links-found');
      if (rows.length > 0) await this.collect(rows, pass);
      this.brake.owe(rows.length);
      looked += rows.length;
      after = next;
    }
    return looked;
  }

  private async collect(links: LinkKey[], pass: GcPass): Promise<void> {
    let left = links;
    for (let attempt = 1; attempt <= TRIES && left.length > 0; attempt++) {
      if (attempt > 1) await sleep(BETWEEN_TRIES_MS);
      left = (await this.garbage.collectLinks(left, false, pass)).missed;
      failpoint('links-collected');
    }
    for (const ofOne of byPackage(left).values()) await this.garbage.collectLinks(ofOne, true, pass);
  }
}
