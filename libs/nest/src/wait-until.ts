import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';
import { faultStatus } from './fault-status.js';

const FIRST_MS = 200;
const LONGEST_MS = 3000;

/**
 * Tries `work` until what it needs is there: that may start later. Says once what is waited for. Errors that do not pass by
 * themselves are thrown.
 */
export async function waitUntil<T>(what: string, log: Logger, work: () => Promise<T>): Promise<T> {
  for (let pause = FIRST_MS; ; pause = Math.min(LONGEST_MS, pause * 2)) {
    try {
      return await work();
    } catch (error) {
      if (faultStatus(error) !== 503) throw error;
      if (pause === FIRST_MS) log.warn({ reason: (error as Error).message }, `waiting for ${what}`);
      await sleep(pause);
    }
  }
}
