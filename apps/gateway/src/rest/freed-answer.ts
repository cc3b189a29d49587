import type { FreedBytes, FreedWithin } from '#registry';

/** What deleting something frees, within what the reader may see. */
export const freedAnswer = <W extends FreedWithin>(within: W, { exclusive, shared }: FreedBytes) => ({
  within,
  exclusive_bytes: exclusive,
  shared_bytes: shared,
});
