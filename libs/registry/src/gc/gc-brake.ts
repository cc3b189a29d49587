import { setTimeout as sleep } from 'node:timers/promises';
import type { GcControl, GcRuns } from '../ports/gc-runs.js';

/** No batch waits longer than this for its pace. */
const MAX_WAIT_MS = 30_000;

/** Collection was stopped or paused by an operator before it was through. */
export class GcStopped extends Error {
  constructor(readonly mode: GcControl['mode']) {
    super(`an operator set garbage collection to ${mode}`);
    this.name = 'GcStopped';
  }
}

/** What operators hold collection by: asked before each batch. */
export class GcBrake {
  private owed = 0;

  constructor(private readonly runs: GcRuns) {}

  /** Returns when the next batch may begin, of about as many rows. Errors: GcStopped. */
  async pass(rows: number): Promise<void> {
    const { mode, pace } = await this.runs.control();
    if (mode !== 'on') throw new GcStopped(mode);
    if (pace !== undefined) await sleep(Math.min(MAX_WAIT_MS, (this.owed / pace) * 1000));
    this.owed = rows;
  }
}
