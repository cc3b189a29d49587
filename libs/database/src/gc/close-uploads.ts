import type { GcPass } from '#registry';
import { Prisma } from '../database.js';
import { LATE_WRITE_SECONDS } from '../object-deletions.js';
import { sessionLife } from '../session-life.js';
import type { Transaction } from '../transaction.js';
import type { Collected } from './collecting.js';

/** data-model.md, "Cancel, expiry". `grace` is the instance's. */
export async function closeExpiredUploads(
  tx: Transaction,
  limit: number,
  grace: number,
  pass: GcPass,
  taken: Collected[],
): Promise<number> {
  const life = sessionLife(grace);
  const isAbandoned =
    pass.grace === undefined
      ? Prisma.sql`false`
      : Prisma.sql`state IN ('open', 'completing')
          AND expires_at <= now() + make_interval(secs => ${life - Math.min(pass.grace, life)}::float8)`;
  const expired = await tx.$queryRaw<Array<{ id: string; packageId: number; bytes: number; isExpired: boolean }>>`
    SELECT id::text AS id, package_id AS "packageId", "offset"::float8 AS bytes, expires_at <= now() AS "isExpired"
    FROM upload_sessions
    WHERE (expires_at <= now() OR ${isAbandoned}) AND (busy_until IS NULL OR busy_until <= now())
    ORDER BY expires_at LIMIT ${limit} FOR UPDATE SKIP LOCKED`;
  await closeSessions(
    tx,
    expired.map(({ id }) => id),
  );
  for (const { packageId, bytes, isExpired } of expired) {
    taken.push({
      kind: 'uploads',
      packageId,
      bytes,
      reason: isExpired ? 'its time passed' : 'no request for the grace',
    });
  }
  return expired.length;
}

/** Deletes sessions and queues whatever they wrote that is no blob's. */
export async function closeSessions(tx: Transaction, ids: string[]): Promise<void> {
  if (ids.length === 0) return;
  await tx.$executeRaw`
    WITH gone AS (DELETE FROM upload_pieces WHERE session_id = ANY(${ids}::uuid[]) RETURNING object_key)
    INSERT INTO object_deletions (object_key, not_before, again_at)
    SELECT object_key, now(), now() + make_interval(secs => ${LATE_WRITE_SECONDS}::float8) FROM gone
    ON CONFLICT DO NOTHING`;
  await tx.$executeRaw`
    INSERT INTO object_deletions (object_key, upload_id, not_before, again_at)
    SELECT object_key, upload_id, now(), now() + make_interval(secs => ${LATE_WRITE_SECONDS}::float8)
    FROM upload_sessions WHERE id = ANY(${ids}::uuid[]) AND upload_id IS NOT NULL
    ON CONFLICT DO NOTHING`;
  await tx.$executeRaw`DELETE FROM upload_sessions WHERE id = ANY(${ids}::uuid[])`;
}
