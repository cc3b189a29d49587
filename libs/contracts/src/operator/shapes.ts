import { z } from 'zod';
import type { FreedWithin } from '#registry';

/** Times are ISO 8601, in UTC. */
export const time = z.string();

/** `after` of the page behind this one, null at the end. */
export const next = z.string().nullable();

/** Things, and the bytes of all of them. */
export const AmountAnswer = z.object({ count: z.number(), bytes: z.number() });
export type AmountAnswer = z.output<typeof AmountAnswer>;

/** Something long that was asked for: where to look how far it is. */
export const StartedAnswer = z.object({ id: z.int() });
export type StartedAnswer = z.output<typeof StartedAnswer>;

/** What deleting something frees, within what the reader may see. */
export const freedSchema = <W extends FreedWithin>(within: readonly W[]) =>
  z.object({
    within: z.enum(within).describe('How far was looked for others that use the same bytes'),
    exclusive_bytes: z.number().describe('Bytes that nothing else uses: they leave storage with it'),
    shared_bytes: z.number().describe('Bytes of it that others use: they stay'),
  });
