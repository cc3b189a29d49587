import { setTimeout as sleep } from 'node:timers/promises';
import type { GcControl, GcRuns } from '../ports/gc-runs.js';

/** No batch waits longer than this for its pace. */
const MAX_WAIT_MS = 30_000;

/** Collection was broken off before it was through: by an operator, or because the process ends. */
export class GcStopped extends Error {
  constructor(readonly reason: Exclude<GcControl['mode'], 'on'> | 'ending') {
    super(reason === 'ending' ? 'the worker ends' : `an operator set garbage collection to ${reason}`);
    this.name = 'GcStopped';
  }
}

/** What holds collection: asked before each batch. */
export class GcBrake {
  private owed = 0;
  private readonly ending = new AbortController();

  constructor(private readonly runs: GcRuns) {}

  /** The process ends: no further batch begins, and none waits for its pace any more. */
  end(): void {
    this.ending.abort();
  }

  /** Returns when the next batch may begin, of about as many rows. Errors: GcStopped. */
  async pass(rows: number): Promise<void> {
    const { signal } = this.ending;
    const { mode, pace } = await this.runs.control();
    if (mode !== 'on') throw new GcStopped(mode);
    if (pace !== undefined && !signal.aborted) {
      await sleep(Math.min(MAX_WAIT_MS, (this.owed / pace) * 1000), undefined, { signal }).catch(() => undefined);
    }
    if (signal.aborted) throw new GcStopped('ending');
    this.owed = rows;
  }
}
