import type { Digest } from '#oci';
import type { DueManifest, DueRows } from '#registry';
import type { Database } from '../database.js';
import { freedByBatch } from '../freed-bytes.js';
import { passGate } from '../gate.js';
import { judgeAgain } from '../judge-again.js';
import { purge } from '../purge.js';
import type { Transaction } from '../transaction.js';
import type { Collected } from './collecting.js';
import type { Decided } from './decided.js';
import { duePage, placeAfter } from './mark-cursor.js';

export async function findManifestsToPurge(
  database: Database,
  limit: number,
  after: string | undefined,
): Promise<DueRows<DueManifest>> {
  const { at, key } = placeAfter(after);
  const rows = await database.$queryRaw<Array<DueManifest & { at: string }>>`
    SELECT id, package_id AS "packageId", purge_at::text AS at FROM manifests
    WHERE purge_at <= now() AND (purge_at, id) > (${at}::timestamptz, ${Number(key[0] ?? 0)}::int)
    ORDER BY purge_at, id LIMIT ${limit}`;
  return duePage(
    rows,
    limit,
    (row) => [row.id],
    ({ id, packageId }) => ({ id, packageId }),
  );
}

interface Doomed {
  id: number;
  digest: Digest;
  bytes: number;
  by: string | null;
}

/** data-model.md, "Purge". Waits for the package's gate, and holds it alone. */
export async function purgeManifests(
  tx: Transaction,
  packageId: number,
  ids: readonly number[],
  untaggedAfter: number | undefined,
  taken: Collected[],
  decided: Decided | undefined,
): Promise<number> {
  await passGate(tx, packageId, 'taking away');
  const due = await tx.$queryRaw<Doomed[]>`
    SELECT m.id, m.digest, (m.size + m.config_size + m.layers_size)::float8 AS bytes, m.deleted_by AS by
    FROM manifests m WHERE m.id = ANY(${[...ids]}::int[]) AND m.package_id = ${packageId} AND m.purge_at <= now()
    ORDER BY m.id DESC`; // an index is younger than its children: it goes first, and they need not wait
  const dueIds = due.map(({ id }) => id);
  const freed = await freedByBatch(tx, { packageId, manifestIds: dueIds, untaggedAfter }, decided);
  let gone = 0;
  for (const { id, digest, bytes, by } of due) {
    if (!(await purge(tx, { id, packageId, digest }, untaggedAfter))) continue;
    taken.push({
      kind: 'manifests',
      packageId,
      digest,
      bytes,
      reason: `deleted by ${by ?? 'its owner'}, not restored`,
      freed: gone === 0 ? freed : undefined,
    });
    gone += 1;
  }
  // Tags `sha256-…` about what is gone now are to be judged by themselves.
  if (gone > 0) await judgeAgain(tx, packageId);
  return gone;
}
