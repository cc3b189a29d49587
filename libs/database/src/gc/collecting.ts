import type { FreedBytes, GcKind, GcPass } from '#registry';
import type { Database } from '../database.js';
import { rehearse as asRehearsal } from '../gate.js';
import { inTransaction, sqlState, type Transaction } from '../transaction.js';

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

/** Manifests that a run remembers having decided on. */
const REMEMBERED = 20_000;

/**
 * What each run decided on so far, with all that goes with it: a byte counts once in a run, where the last that uses it goes,
 * though one batch hides it and another purges it, or a dry run takes it back. Of very many the first are forgotten, and a
 * worker that goes on with the run of one that died begins anew.
 */
const decidedOn = new WeakMap<GcPass, ReadonlySet<number>>();

/** Works on one batch. Of a pass that belongs to a run, `decided` takes what the batch decides on; else nobody asks. */
type Work<T> = (tx: Transaction, taken: Collected[], decided: Set<number> | undefined) => Promise<T>;

/**
 * Runs one batch of collection, and counts what it took away in the same transaction: for the run that it belongs to, and
 * in the log. A dry run does the same and takes it back, without keeping those out who add; only what it counted stays.
 */
export async function collecting<T>(database: Database, pass: GcPass, work: Work<T>): Promise<T> {
  let decided: Set<number> | undefined;
  const begin = () => {
    decided = pass.runId === undefined ? undefined : new Set(decidedOn.get(pass));
    return decided;
  };
  const result = pass.isDryRun ? await rehearse() : await perform();
  if (decided) decidedOn.set(pass, new Set([...decided].slice(-REMEMBERED)));
  return result;

  function perform(): Promise<T> {
    return inTransaction(database, async (tx) => {
      const taken: Collected[] = [];
      const done = await work(tx, taken, begin());
      await record(tx, pass, taken);
      return done;
    });
  }

  async function rehearse(): Promise<T> {
    const { result: done, taken } = await rehearsed(database, (tx, tried) => work(tx, tried, begin()));
    await inTransaction(database, (tx) => record(tx, pass, taken));
    return done;
  }
}

/** Ends a transaction that is not to be committed. */
class Rehearsed<T> extends Error {
  constructor(
    readonly result: T,
    readonly taken: Collected[],
  ) {
    super('a rehearsal is taken back');
  }
}

/** Again where somebody who added meanwhile needs what it tried to take. */
const ATTEMPTS = 5;

async function rehearsed<T>(database: Database, work: (tx: Transaction, taken: Collected[]) => Promise<T>) {
  for (let attempt = 1; ; attempt++) {
    try {
      return await inTransaction(database, async (tx): Promise<never> => {
        asRehearsal(tx);
        const taken: Collected[] = [];
        throw new Rehearsed(await work(tx, taken), taken);
      });
    } catch (error) {
      if (error instanceof Rehearsed) return error as Rehearsed<T>;
      if (attempt === ATTEMPTS || sqlState(error) !== '23503') throw error;
    }
  }
}

async function record(tx: Transaction, { runId, isDryRun }: GcPass, taken: Collected[]): Promise<void> {
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
