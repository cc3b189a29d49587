import { setTimeout as sleep } from 'node:timers/promises';
import type { GcControl, GcRuns } from '../ports/gc-runs.js';
import type { Traffic } from '../ports/traffic.js';

/** Whoever waits looks as often whether an operator changed something. */
const LOOK_EVERY_MS = 5_000;
/**
 * Where clients are there, a batch takes this part of its usual rows, and the next comes after so many times as long. Batches of 200
 * took 40 to 60 ms of two processors, and few GETs of a manifest met none of them: their p99 was two to nine times as long. A
 * fifth of that, 3 % of the time, is within what a p99 leaves out.
 */
const SHARE = 1 / 5;
const REST = 30;
const MAX_REST_MS = 1000;

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
  /** Clients are there, as of the batch at hand. */
  private isShared = false;
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
    return this.isShared ? Math.ceil(most * SHARE) : most;
  }

  /**
   * Returns when the next batch may begin: after a rest where clients are there, and all batches of all workers share one pace.
   * Errors: GcStopped.
   */
  async pass(): Promise<void> {
    const { signal, owed } = this;
    this.owed = 0;
    const rest = Math.min(MAX_REST_MS, REST * (performance.now() - this.passedAt));
    this.isShared = await this.traffic.isThere();
    if (owed > 0 && this.isShared) await sleep(rest, undefined, { signal }).catch(() => undefined);
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
