import { randomInt } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';

/** Milliseconds within which the moment is drawn: longer than what there is to look up takes. */
const REFUSAL = { shortest: 6, longest: 14 };
/** A search through the repositories that hold a blob takes longer than looking up one name. */
export const SEARCH = { shortest: 25, longest: 45 };

/**
 * Waits until a random moment after `began` (of `performance.now()`), or as much later again as it takes. To look up a
 * private package takes longer than to find that there is none: an answer that comes at a moment which was drawn, not at the
 * one when its look-up ended, does not tell.
 */
export async function evenTime(began: number, { shortest, longest } = REFUSAL): Promise<void> {
  let until = began;
  while (until <= performance.now()) until += randomInt(shortest * 1000, longest * 1000) / 1000;
  await sleep(Math.max(0, until - performance.now()));
}
