import type { Transaction } from './transaction.js';

/** First key of the two-key advisory locks that are package gates. */
const GATE = 0x62746867;

/** Transactions that are to be taken back. */
const rehearsals = new WeakSet<Transaction>();

/**
 * This transaction only tries what it would take away: at gates it goes with those who add, whom it does not keep out. What
 * they commit meanwhile may break off a statement of its own with a foreign key violation.
 */
export const rehearse = (tx: Transaction): unknown => rehearsals.add(tx);

/**
 * Who adds to a package passes its gate with others who add; who takes away passes alone (data-model.md, rule 1). A statement
 * of its own before any read, as a statement's snapshot is older than a lock it waits for. Held to the transaction's end.
 */
export async function passGate(tx: Transaction, packageId: number, mode: 'adding' | 'taking away'): Promise<void> {
  if (mode === 'adding' || rehearsals.has(tx))
    await tx.$executeRaw`SELECT pg_advisory_xact_lock_shared(${GATE}::int, ${packageId}::int)`;
  else await tx.$executeRaw`SELECT pg_advisory_xact_lock(${GATE}::int, ${packageId}::int)`;
}

/** Of these packages, those whose gate is free: it is held from here on, alone unless this rehearses; nobody was waited for. */
export async function tryGates(tx: Transaction, packageIds: readonly number[]): Promise<number[]> {
  const open = rehearsals.has(tx)
    ? await tx.$queryRaw<Array<{ id: number }>>`
        SELECT id FROM unnest(${[...packageIds]}::int[]) AS p(id) WHERE pg_try_advisory_xact_lock_shared(${GATE}::int, id)`
    : await tx.$queryRaw<Array<{ id: number }>>`
        SELECT id FROM unnest(${[...packageIds]}::int[]) AS p(id) WHERE pg_try_advisory_xact_lock(${GATE}::int, id)`;
  return open.map(({ id }) => id);
}
