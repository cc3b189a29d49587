import type { Transaction } from './transaction.js';

/** First key of the two-key advisory locks that are package gates. */
const GATE = 0x62746867;

/**
 * Who adds to a package passes its gate with others who add; who takes away passes alone (data-model.md, rule 1). A statement
 * of its own before any read, as a statement's snapshot is older than a lock it waits for. Held to the transaction's end.
 */
export async function passGate(tx: Transaction, packageId: number, mode: 'adding' | 'taking away'): Promise<void> {
  if (mode === 'adding') await tx.$executeRaw`SELECT pg_advisory_xact_lock_shared(${GATE}::int, ${packageId}::int)`;
  else await tx.$executeRaw`SELECT pg_advisory_xact_lock(${GATE}::int, ${packageId}::int)`;
}

/** Of these packages, those whose gate is free: it is held alone from here on, and nobody was waited for. */
export async function tryGates(tx: Transaction, packageIds: readonly number[]): Promise<number[]> {
  const open = await tx.$queryRaw<Array<{ id: number }>>`
    SELECT id FROM unnest(${[...packageIds]}::int[]) AS p(id) WHERE pg_try_advisory_xact_lock(${GATE}::int, id)`;
  return open.map(({ id }) => id);
}
