import { Prisma } from './database.js';
import { LATE_WRITE_SECONDS, queueDeletion } from './object-deletions.js';
import type { Transaction } from './transaction.js';

interface Closed {
  packageId: number;
  principal: string;
}

/** Ends an upload that still runs, and queues all that it wrote. Undefined when there is none (data-model.md, "Cancel"). */
export async function closeSession(tx: Transaction, which: Prisma.Sql): Promise<Closed | undefined> {
  const [closed] = await tx.$queryRaw<Array<Closed & { id: string; objectKey: string; uploadId: string | null }>>`
    UPDATE upload_sessions SET state = 'closed', generation = generation + 1
    WHERE ${which} AND state IN ('open', 'completing') AND expires_at > now()
    RETURNING id::text AS id, package_id AS "packageId", principal, object_key AS "objectKey", upload_id AS "uploadId"`;
  if (!closed) return undefined;
  await tx.$executeRaw`
    WITH gone AS (DELETE FROM upload_pieces WHERE session_id = ${closed.id}::uuid RETURNING object_key)
    INSERT INTO object_deletions (object_key, not_before, again_at)
    SELECT object_key, now(), now() + make_interval(secs => ${LATE_WRITE_SECONDS}::float8) FROM gone
    ON CONFLICT DO NOTHING`;
  await tx.$executeRaw`DELETE FROM upload_parts WHERE session_id = ${closed.id}::uuid`;
  if (closed.uploadId !== null) await queueDeletion(tx, closed.objectKey, closed.uploadId, LATE_WRITE_SECONDS);
  return closed;
}
