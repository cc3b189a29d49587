import { Prisma } from '../database.js';
import type { Transaction } from '../transaction.js';

/**
 * The manifests that a run takes away, with all that goes with them: `ids` are those of the batch at hand, `gc_decided` has those of
 * the batches before. A byte counts once in a run, where the last that uses it goes, though one batch hides it and another
 * purges it, or a dry run takes it back.
 */
export interface Decided {
  runId: number;
  ids: Set<number>;
}

/** Of a manifest `h`: not decided on. A subquery with a limit, as the planner makes a join of NOT EXISTS. */
export const isUndecided = ({ runId, ids }: Decided): Prisma.Sql => Prisma.sql`((
  SELECT true FROM gc_decided d WHERE d.manifest_id = h.id AND d.run_id = ${runId}::int LIMIT 1) IS NULL
  AND h.id <> ALL(${[...ids]}::int[]))`;

/** Those of `ids` that were not decided on before. */
export async function undecidedOf(tx: Transaction, ids: readonly number[], decided: Decided): Promise<number[]> {
  const rows = await tx.$queryRaw<Array<{ id: number }>>`
    SELECT h.id FROM unnest(${[...ids]}::int[]) AS h(id) WHERE ${isUndecided(decided)} ORDER BY h.id`;
  return rows.map(({ id }) => id);
}

/** With what the batch did, in its transaction. What it deleted need not be remembered. */
export async function remember(tx: Transaction, { runId, ids }: Decided): Promise<void> {
  if (ids.size === 0) return;
  await tx.$executeRaw`
    INSERT INTO gc_decided (manifest_id, run_id)
    SELECT id, ${runId}::int FROM manifests WHERE id = ANY(${[...ids]}::int[]) ORDER BY id FOR KEY SHARE
    ON CONFLICT DO NOTHING`;
}
