import { setTimeout as sleep } from 'node:timers/promises';
import type { GcControl, GcRuns } from '../ports/gc-runs.js';
import { ALL_ROOM, type Traffic } from '../ports/traffic.js';

/** Whoever waits looks as often whether an operator changed something. */
const LOOK_EVERY_MS = 5_000;
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
  /** When the batch at hand began. */
  private passedAt = 0;
  /** As of the batch at hand. */
  private room = ALL_ROOM;
  private readonly ending = new AbortController();

  constructor(
    private readonly runs: GcRuns,
    private readonly traffic: Traffic,
  ) {}

  /** Aborts when the process ends. */
  get signal(): AbortSignal {
    return this.ending.signal;
  }

  /** The process ends: no further batch begins, and none waits for its pace any more. */
  end(): void {
    this.ending.abort();
  }

  /** A batch took so many rows: whoever passes next pays for them. */
  owe(rows: number): void {
    this.owed += rows;
  }

  /** How many rows the batch that may begin takes, of so many at most: what it does at once, others wait for. */
  rows(most: number): number {
    return Math.ceil(most * this.room.share);
  }

  /**
   * Returns when the next batch may begin: after a rest where there is traffic, and all batches of all workers share one pace.
   * Errors: GcStopped.
   */
  async pass(): Promise<void> {
    const { signal, owed } = this;
    this.owed = 0;
    this.room = this.traffic.room();
    const rest = Math.min(this.room.maxRestMs, this.room.rest * (performance.now() - this.passedAt));
    if (owed > 0 && rest > 0) await sleep(rest, undefined, { signal }).catch(() => undefined);
    for (let spent = owed; ; spent = 0) {
      const { mode, waitMs } = await this.runs.spend(spent);
      if (mode !== 'on') throw new GcStopped(mode);
      if (signal.aborted) throw new GcStopped('ending');
      if (waitMs <= 0) break;
      await sleep(Math.min(LOOK_EVERY_MS, waitMs), undefined, { signal }).catch(() => undefined);
    }
    this.passedAt = performance.now();
  }
}
