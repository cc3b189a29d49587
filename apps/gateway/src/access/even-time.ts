import { randomInt } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';

const SHORTEST_MS = 6;
const LONGEST_MS = 14;

/**
 * Waits until a random moment 6 to 14 ms after `began` (of `performance.now()`), or as much later again as it takes. To look
 * up a private package takes longer than to find that there is none: an answer that comes at a moment which was drawn, not
 * at the one when its look-up ended, does not tell.
 */
export async function evenTime(began: number): Promise<void> {
  let until = began;
  while (until <= performance.now()) until += randomInt(SHORTEST_MS * 1000, LONGEST_MS * 1000) / 1000;
  await sleep(Math.max(0, until - performance.now()));
}
