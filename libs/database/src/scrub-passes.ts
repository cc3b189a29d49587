import type { Transaction } from './transaction.js';

const KEPT_PASSES = 50;

/** The oldest passes go when a new one begins. */
export async function trimPasses(tx: Transaction): Promise<void> {
  await tx.$executeRaw`
    DELETE FROM scrub_passes WHERE id <= (SELECT id FROM scrub_passes ORDER BY id DESC OFFSET ${KEPT_PASSES} LIMIT 1)`;
}
