import type { UntaggedRules } from '../ports/untagged-rules.js';
import { failpoint } from './failpoint.js';
import type { GcBrake } from './gc-brake.js';

const BATCH = 500;

/** Gives untagged manifests the time of a rule that changed: a package's, or the instance's between two starts. */
export class RewriteMarks {
  private isNoted = false;

  constructor(
    private readonly rules: UntaggedRules,
    private readonly brake: GcBrake,
  ) {}

  /** Errors: GcStopped; the next run goes on where this one was. */
  async run(): Promise<void> {
    // Once a process: while an update is under way, processes with the old and the new rule would change it to and fro.
    if (!this.isNoted) await this.rules.noteInstanceRule();
    this.isNoted = true;
    for (let hasMore = true; hasMore; ) {
      await this.brake.pass();
      failpoint('marks-rewritten');
      const most = this.brake.rows(BATCH);
      hasMore = await this.rules.rewriteSome(most);
      if (hasMore) this.brake.owe(most);
    }
  }
}
