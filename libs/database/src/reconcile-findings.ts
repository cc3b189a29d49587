import type { FindingKind } from '#registry';
import type { Transaction } from './transaction.js';

/** Of one run; the rest is only counted. */
const KEPT_FINDINGS = 10_000;

/** What one page adds to a run's report. */
interface Found {
  kind: FindingKind;
  objectKey: string;
  digest?: string;
  size: number | undefined;
  expectedSize?: number;
  deleteAt?: Date | undefined;
}

/** Keeps as many findings as there is room for. The caller holds the run's row. */
export async function recordFindings(tx: Transaction, runId: number, found: readonly Found[]): Promise<void> {
  if (found.length === 0) return;
  const big = (size: number | undefined) => (size === undefined ? null : BigInt(size));
  await tx.$executeRaw`
    WITH kept AS (
      INSERT INTO reconcile_findings (run_id, kind, object_key, digest, size, expected_size, delete_at)
      SELECT ${runId}::int, f.kind, f.key, f.digest, f.size, f.expected, f.delete_at
      FROM unnest(${found.map(({ kind }) => kind)}::text[], ${found.map(({ objectKey }) => objectKey)}::text[],
        ${found.map(({ digest }) => digest ?? null)}::text[], ${found.map(({ size }) => big(size))}::bigint[],
        ${found.map(({ expectedSize }) => big(expectedSize))}::bigint[],
        ${found.map(({ deleteAt }) => deleteAt ?? null)}::timestamptz[])
        WITH ORDINALITY AS f(kind, key, digest, size, expected, delete_at, place)
      ORDER BY f.place
      LIMIT (SELECT greatest(0, ${KEPT_FINDINGS} - findings) FROM reconcile_runs WHERE id = ${runId})
      RETURNING 1
    )
    UPDATE reconcile_runs SET findings = findings + (SELECT count(*) FROM kept) WHERE id = ${runId}`;
}
