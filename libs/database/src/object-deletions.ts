import type { Transaction } from './transaction.js';

/** A key that a stopped writer may still write is deleted once more after its URL's life. */
export const LATE_WRITE_SECONDS = 3600;

/**
 * Hands an object over to those who delete, in the transaction that lets go of it. With `uploadId` its multipart upload is
 * aborted first; with `againAfter` (seconds) it is deleted a second time then.
 */
export async function queueDeletion(
  tx: Transaction,
  objectKey: string,
  uploadId?: string,
  againAfter?: number,
): Promise<void> {
  await tx.$executeRaw`
    INSERT INTO object_deletions (object_key, upload_id, not_before, again_at)
    VALUES (${objectKey}, ${uploadId ?? null}, now(), now() + make_interval(secs => ${againAfter ?? null}::float8))
    ON CONFLICT (object_key) DO NOTHING`;
}

/** As `queueDeletion`, for a key that was written after it was queued and may have been deleted already: it is due again. */
export async function queueLateWrite(tx: Transaction, objectKey: string, uploadId?: string): Promise<void> {
  await tx.$executeRaw`
    INSERT INTO object_deletions (object_key, upload_id, not_before) VALUES (${objectKey}, ${uploadId ?? null}, now())
    ON CONFLICT (object_key) DO UPDATE SET
      upload_id = coalesce(excluded.upload_id, object_deletions.upload_id), not_before = now(), tried_at = NULL`;
}
