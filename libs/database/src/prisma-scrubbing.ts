import { type BlobToScrub, type HashProgress, type ScrubbedBlob, Scrubbing, type ScrubStep } from '#registry';
import type { Database } from './database.js';
import { trimPasses } from './scrub-passes.js';
import { inTransaction } from './transaction.js';

/** A worker that gave no sign of life for so long has lost the scrub. */
const SILENT_SECONDS = 60;
/** A pass begins so long after the one before it began; a longer one is followed at once. */
const PASS_EVERY_SECONDS = 7 * 86_400;

interface TakenRow {
  passId: number | null;
  pace: number;
  afterId: bigint;
  objectKey: string | null;
  offset: number;
  hashState: Uint8Array | null;
}

export class PrismaScrubbing extends Scrubbing {
  constructor(private readonly database: Database) {
    super();
  }

  override next(worker: string, limit: number): Promise<ScrubStep | undefined> {
    return inTransaction(this.database, async (tx) => {
      // Workers that look for something to do leave no trace while there is nothing.
      const [free] = await tx.$queryRaw<unknown[]>`
        SELECT 1 FROM scrub s WHERE s.mode = 'on'
          AND (s.worker IS NULL OR s.worker = ${worker}
            OR s.seen_at < now() - make_interval(secs => ${SILENT_SECONDS}::float8))
          AND (s.pass_id IS NOT NULL OR NOT EXISTS (SELECT FROM scrub_passes
            WHERE started_at > now() - make_interval(secs => ${PASS_EVERY_SECONDS}::float8)))`;
      if (!free) return undefined;
      const [taken] = await tx.$queryRaw<TakenRow[]>`
        UPDATE scrub SET worker = ${worker}, seen_at = now()
        WHERE mode = 'on' AND (worker IS NULL OR worker = ${worker}
          OR seen_at < now() - make_interval(secs => ${SILENT_SECONDS}::float8))
        RETURNING pass_id AS "passId", pace::float8 AS pace, after_id AS "afterId", object_key AS "objectKey",
          "offset"::float8 AS "offset", hash_state AS "hashState"`;
      if (!taken) return undefined;
      let { passId } = taken;
      if (passId === null) {
        const [begun] = await tx.$queryRaw<Array<{ id: number }>>`
          INSERT INTO scrub_passes (requested_by) SELECT NULL::text WHERE NOT EXISTS (SELECT FROM scrub_passes
            WHERE started_at > now() - make_interval(secs => ${PASS_EVERY_SECONDS}::float8)) RETURNING id`;
        if (!begun) {
          await tx.$executeRaw`UPDATE scrub SET worker = NULL WHERE worker = ${worker}`;
          return undefined;
        }
        passId = begun.id;
        await trimPasses(tx);
        await tx.$executeRaw`
          UPDATE scrub SET pass_id = ${passId}, after_id = 0, object_key = NULL, "offset" = 0, hash_state = NULL`;
      }
      const isNew = taken.passId === null;
      const blobs = await tx.$queryRaw<BlobToScrub[]>`
        SELECT id, digest, size::float8 AS size, object_key AS "objectKey", missing_since IS NOT NULL AS "isMissing"
        FROM blobs WHERE id > ${isNew ? 0n : taken.afterId}::bigint ORDER BY id LIMIT ${limit}`;
      const isBegun = !isNew && taken.objectKey !== null && taken.objectKey === blobs[0]?.objectKey;
      const progress: HashProgress = isBegun
        ? { offset: taken.offset, state: taken.hashState ?? undefined }
        : { offset: 0, state: undefined };
      return { passId, pace: taken.pace, blobs, progress };
    });
  }

  override record(worker: string, done: readonly ScrubbedBlob[], bytes: number) {
    return inTransaction(this.database, async (tx) => {
      const moved = await tx.$queryRaw<Array<{ passId: number }>>`
        UPDATE scrub SET seen_at = now(), after_id = greatest(after_id, ${done.at(-1)?.id ?? 0n}::bigint),
          object_key = NULL, "offset" = 0, hash_state = NULL
        WHERE worker = ${worker} AND pass_id IS NOT NULL RETURNING pass_id AS "passId"`;
      const [scrub] = moved;
      if (!scrub) return undefined;
      const damaged = done.filter(({ damage }) => damage !== undefined);
      const marked = await tx.$executeRaw`
        UPDATE blobs SET missing_since = now(), missing_reason = l.reason
        FROM unnest(${damaged.map(({ objectKey }) => objectKey)}::text[],
          ${damaged.map(({ damage }) => damage)}::text[]) AS l(key, reason)
        WHERE object_key = l.key AND missing_since IS NULL`;
      const whole = done.filter(({ damage, isMissing }) => damage === undefined && isMissing);
      const healed = await tx.$executeRaw`
        UPDATE blobs SET missing_since = NULL, missing_reason = NULL
        WHERE object_key = ANY(${whole.map(({ objectKey }) => objectKey)}::text[]) AND missing_since IS NOT NULL`;
      await tx.$executeRaw`
        UPDATE scrub_passes SET blobs = blobs + ${done.length}, bytes = bytes + ${BigInt(bytes)}::bigint,
          damaged = damaged + ${damaged.length}, healed = healed + ${healed}
        WHERE id = ${scrub.passId}`;
      return { damaged: marked, healed };
    });
  }

  override recordProgress(worker: string, objectKey: string, progress: HashProgress, bytes: number): Promise<boolean> {
    return inTransaction(this.database, async (tx) => {
      const state = progress.state ? new Uint8Array(progress.state) : null;
      const [scrub] = await tx.$queryRaw<Array<{ passId: number }>>`
        UPDATE scrub SET seen_at = now(), object_key = ${objectKey}, "offset" = ${BigInt(progress.offset)}::bigint,
          hash_state = ${state}::bytea
        WHERE worker = ${worker} AND pass_id IS NOT NULL RETURNING pass_id AS "passId"`;
      if (!scrub) return false;
      await tx.$executeRaw`UPDATE scrub_passes SET bytes = bytes + ${BigInt(bytes)}::bigint WHERE id = ${scrub.passId}`;
      return true;
    });
  }

  override async finish(worker: string): Promise<void> {
    await this.database.$executeRaw`
      WITH ended AS (
        UPDATE scrub_passes SET finished_at = now()
        WHERE id = (SELECT pass_id FROM scrub WHERE worker = ${worker}) AND finished_at IS NULL)
      UPDATE scrub SET pass_id = NULL WHERE worker = ${worker}`;
  }

  override async release(worker: string): Promise<void> {
    await this.database.$executeRaw`UPDATE scrub SET worker = NULL WHERE worker = ${worker}`;
  }
}
