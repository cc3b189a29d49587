import { failpoint } from '#registry';
import type { Transaction } from '../transaction.js';
import type { Collected } from './collecting.js';
import { duePage, placeAfter } from './mark-cursor.js';

/** data-model.md, "Blob collection". `horizon`: seconds that objects outlive their rows. */
export async function collectBlobs(
  tx: Transaction,
  limit: number,
  after: string | undefined,
  horizon: number,
  taken: Collected[],
): Promise<{ looked: number; next: string | undefined }> {
  const { at, key } = placeAfter(after);
  const idle = await tx.$queryRaw<Array<{ id: bigint; at: string }>>`
    SELECT id, idle_since::text AS at FROM blobs
    WHERE idle_since IS NOT NULL AND (idle_since, id) > (${at}::timestamptz, ${BigInt(key[0] ?? 0)}::bigint)
    ORDER BY idle_since, id LIMIT ${limit} FOR UPDATE SKIP LOCKED`;
  const { rows: ids, next } = duePage(
    idle,
    limit,
    (row) => [row.id],
    (row) => row.id,
  );
  if (ids.length === 0) return { looked: 0, next: undefined };
  // A statement of its own: it sees every link that was made before the rows were locked, and none can be made now.
  const gone = await tx.$queryRaw<Array<{ digest: string; bytes: number }>>`
    WITH gone AS (
      DELETE FROM blobs b WHERE b.id = ANY(${ids}::bigint[])
        AND NOT EXISTS (SELECT FROM package_blobs pb WHERE pb.blob_id = b.id)
      RETURNING b.digest, b.object_key, b.size
    ), queued AS (
      INSERT INTO object_deletions (object_key, size, not_before)
      SELECT object_key, size, now() + make_interval(secs => ${horizon}::float8) FROM gone
      -- reconcile queued it before a restored backup brought its row back: the later time holds
      ON CONFLICT (object_key) DO UPDATE SET not_before = greatest(object_deletions.not_before, excluded.not_before)
    )
    SELECT digest, size::float8 AS bytes FROM gone`;
  failpoint('in-blobs');
  await tx.$executeRaw`UPDATE blobs SET idle_since = NULL WHERE id = ANY(${ids}::bigint[])`;
  for (const { digest, bytes } of gone) taken.push({ kind: 'blobs', digest, bytes, reason: 'no package holds it' });
  return { looked: ids.length, next };
}
