import type { FreedBytes, GcKind, GcPass } from '#registry';
import type { Database } from '../database.js';
import { rehearse as asRehearsal } from '../gate.js';
import { inTransaction, sqlState, type Transaction } from '../transaction.js';
import { type Decided, remember } from './decided.js';

/** One thing that a batch took away, and why. */
export interface Collected {
  kind: GcKind;
  packageId?: number;
  digest?: string;
  bytes?: number;
  reason: string;
  /** What it frees, alone or with those of its batch: then one of them says so. */
  freed?: FreedBytes | undefined;
}

/** Works on one batch. Of a pass that belongs to a run, `decided` takes what the batch decides on; else nobody asks. */
type Work<T> = (tx: Transaction, taken: Collected[], decided: Decided | undefined) => Promise<T>;

/**
 * Runs one batch of collection, and counts what it took away in the same transaction: for the run that it belongs to, and
 * in the log. A dry run does the same and takes it back, without keeping those out who add; only what it counted stays.
 */
export function collecting<T>(database: Database, pass: GcPass, work: Work<T>): Promise<T> {
  const { runId } = pass;
  const begin = (): Batch => ({ taken: [], decided: runId === undefined ? undefined : { runId, ids: new Set() } });
  return pass.isDryRun ? rehearse() : perform();

  function perform(): Promise<T> {
    return inTransaction(database, async (tx) => {
      const batch = begin();
      const done = await work(tx, batch.taken, batch.decided);
      await record(tx, pass, batch);
      return done;
    });
  }

  async function rehearse(): Promise<T> {
    const { result, batch } = await rehearsed(database, begin, work);
    await inTransaction(database, (tx) => record(tx, pass, batch));
    return result;
  }
}

/** What was done in one batch, to be recorded with it. */
interface Batch {
  taken: Collected[];
  decided: Decided | undefined;
}

/** Ends a transaction that is not to be committed. */
class Rehearsed<T> extends Error {
  constructor(
    readonly result: T,
    readonly batch: Batch,
  ) {
    super('a rehearsal is taken back');
  }
}

/** Again where somebody who added meanwhile needs what it tried to take. */
const ATTEMPTS = 5;

async function rehearsed<T>(database: Database, begin: () => Batch, work: Work<T>) {
  for (let attempt = 1; ; attempt++) {
    try {
      return await inTransaction(database, async (tx): Promise<never> => {
        asRehearsal(tx);
        const batch = begin();
        throw new Rehearsed(await work(tx, batch.taken, batch.decided), batch);
      });
    } catch (error) {
      if (error instanceof Rehearsed) return error as Rehearsed<T>;
      if (attempt === ATTEMPTS || sqlState(error) !== '23503') throw error;
    }
  }
}

async function record(tx: Transaction, { runId, isDryRun }: GcPass, { taken, decided }: Batch): Promise<void> {
  if (decided) await remember(tx, decided);
  if (taken.length === 0) return;
  const told = taken.filter(({ kind }) => kind !== 'links'); // a link says nothing that its blob does not
  await tx.$executeRaw`
    INSERT INTO gc_log (run_id, kind, package_id, digest, bytes, reason)
    SELECT ${runId ?? null}::int, * FROM unnest(${told.map((t) => t.kind)}::text[],
      ${told.map((t) => t.packageId ?? null)}::int[], ${told.map((t) => t.digest ?? null)}::text[],
      ${told.map((t) => BigInt(t.bytes ?? 0))}::bigint[],
      ${told.map((t) => (isDryRun ? `dry run: ${t.reason}` : t.reason))}::text[])`;
  if (runId === undefined) return;
  for (const kind of new Set(taken.map((t) => t.kind))) {
    const ofKind = taken.filter((t) => t.kind === kind);
    const bytes = ofKind.reduce((sum, t) => sum + (t.bytes ?? 0), 0);
    const freed = freedBy(ofKind);
    await tx.$executeRaw`
      INSERT INTO gc_counts (run_id, kind, count, bytes, exclusive_bytes, shared_bytes)
      VALUES (${runId}, ${kind}, ${ofKind.length}, ${bytes}::bigint, ${freed?.exclusive ?? null}::bigint,
        ${freed?.shared ?? null}::bigint)
      ON CONFLICT (run_id, kind) DO UPDATE SET
        count = gc_counts.count + excluded.count, bytes = gc_counts.bytes + excluded.bytes,
        exclusive_bytes = coalesce(gc_counts.exclusive_bytes + excluded.exclusive_bytes, excluded.exclusive_bytes,
          gc_counts.exclusive_bytes),
        shared_bytes = coalesce(gc_counts.shared_bytes + excluded.shared_bytes, excluded.shared_bytes, gc_counts.shared_bytes)`;
  }
}

function freedBy(taken: Collected[]): FreedBytes | undefined {
  const known = taken.flatMap(({ freed }) => (freed ? [freed] : []));
  if (known.length === 0) return undefined;
  return known.reduce((sum, { exclusive, shared }) => ({
    exclusive: sum.exclusive + exclusive,
    shared: sum.shared + shared,
  }));
}
