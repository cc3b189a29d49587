import { setTimeout as wait } from 'node:timers/promises';
import { StorageError } from './storage-error.js';

const ATTEMPTS = 4;
const FIRST_PAUSE_MS = 100;

/** Runs what may be repeated until it succeeds, four times at most, with pauses of random length that double. */
export async function retry<T>(attempt: () => Promise<T>): Promise<T> {
  for (let made = 1; ; made++) {
    try {
      return await attempt();
    } catch (error) {
      if (made === ATTEMPTS || !(error instanceof StorageError && error.isPassing)) throw error;
      await wait(Math.random() * FIRST_PAUSE_MS * 2 ** made);
    }
  }
}
