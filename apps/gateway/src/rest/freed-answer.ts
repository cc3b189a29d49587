import { z } from 'zod';
import type { FreedBytes, FreedWithin } from '#registry';

/** What deleting something frees, within what the reader may see. */
export const freedSchema = <W extends FreedWithin>(within: readonly W[]) =>
  z.object({
    within: z.enum(within).meta({ description: 'How far was looked for others that use the same bytes' }),
    exclusive_bytes: z.number().meta({ description: 'Bytes that nothing else uses: they leave storage with it' }),
    shared_bytes: z.number().meta({ description: 'Bytes of it that others use: they stay' }),
  });

export const freedAnswer = <W extends FreedWithin>(within: W, { exclusive, shared }: FreedBytes) => ({
  within,
  exclusive_bytes: exclusive,
  shared_bytes: shared,
});
