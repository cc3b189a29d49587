import { type DueDeletion, Garbage, type ObjectKey } from '#registry';
import type { Database } from './database.js';
import { LATE_WRITE_SECONDS } from './object-deletions.js';
import { inTransaction } from './transaction.js';

/** A claimed deletion that was not confirmed comes up again after this. */
const RETRY_SECONDS = 60;

export class PrismaGarbage extends Garbage {
  constructor(private readonly database: Database) {
    super();
  }

  override closeExpiredUploads(limit: number): Promise<number> {
    return inTransaction(this.database, async (tx) => {
      const expired = await tx.$queryRaw<Array<{ id: string }>>`
        SELECT id::text AS id FROM upload_sessions
        WHERE expires_at <= now() AND (busy_until IS NULL OR busy_until <= now())
        ORDER BY expires_at LIMIT ${limit} FOR UPDATE SKIP LOCKED`;
      if (expired.length === 0) return 0;
      const ids = expired.map(({ id }) => id);
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
      return expired.length;
    });
  }

  override claimDeletions(limit: number): Promise<DueDeletion[]> {
    return this.database.$queryRaw<DueDeletion[]>`
      UPDATE object_deletions SET tried_at = now() WHERE object_key IN (
        SELECT object_key FROM object_deletions
        WHERE not_before <= now()
          AND (tried_at IS NULL OR tried_at < now() - make_interval(secs => ${RETRY_SECONDS}::float8))
        ORDER BY not_before LIMIT ${limit} FOR UPDATE SKIP LOCKED)
      RETURNING object_key AS "objectKey", upload_id AS "uploadId"`;
  }

  override async confirmDeletions(keys: readonly ObjectKey[]): Promise<void> {
    await inTransaction(this.database, async (tx) => {
      await tx.$executeRaw`
        UPDATE object_deletions SET not_before = again_at, again_at = NULL, tried_at = NULL
        WHERE object_key = ANY(${[...keys]}::text[]) AND again_at > now()`;
      await tx.$executeRaw`
        DELETE FROM object_deletions
        WHERE object_key = ANY(${[...keys]}::text[]) AND (again_at IS NULL OR again_at <= now()) AND tried_at IS NOT NULL`;
    });
  }
}
