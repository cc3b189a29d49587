import { type ListedObject, type ObjectKey, Reconciling, type SuspectBlob } from '#registry';
import type { Database } from './database.js';
import { inTransaction } from './transaction.js';

/** An object that nobody knows is deleted only after it stayed so for this long. */
const DELAY_SECONDS = 86_400;
/** Suspects of one page; a store that lost more shows the rest in the next walk. */
const MAX_SUSPECTS = 5000;

export class PrismaReconciling extends Reconciling {
  /** `backupHorizon` in seconds: a row may come back with a backup of that age. */
  constructor(
    private readonly database: Database,
    private readonly backupHorizon: number,
  ) {
    super();
  }

  override begin(): Promise<ObjectKey> {
    return inTransaction(this.database, async (tx) => {
      await tx.$executeRaw`INSERT INTO reconcile (id) VALUES (1) ON CONFLICT DO NOTHING`;
      await tx.$executeRaw`
        UPDATE reconcile SET started_at = now(), after = '', objects = 0, unknown = 0, missing = 0, finished_at = NULL
        WHERE finished_at IS NOT NULL`;
      const [row] = await tx.$queryRaw<Array<{ after: string }>>`SELECT after FROM reconcile`;
      return row?.after ?? '';
    });
  }

  override compare(after: ObjectKey, to: ObjectKey | undefined, listed: readonly ListedObject[]) {
    const keys = listed.map(({ key }) => key);
    const sizes = listed.map(({ size }) => BigInt(size));
    return inTransaction(this.database, async (tx) => {
      // One statement looks in all four places: at every commit a key is in one of them.
      const unknown = await tx.$executeRaw`
        INSERT INTO object_deletions (object_key, size, not_before)
        SELECT l.key, l.size, now() + make_interval(secs => ${Math.max(DELAY_SECONDS, this.backupHorizon)}::float8)
        FROM unnest(${keys}::text[], ${sizes}::bigint[]) AS l(key, size)
        WHERE NOT EXISTS (SELECT FROM blobs WHERE object_key = l.key)
          AND NOT EXISTS (SELECT FROM upload_pieces WHERE object_key = l.key)
          AND NOT EXISTS (SELECT FROM upload_sessions WHERE object_key = l.key)
          AND NOT EXISTS (SELECT FROM object_deletions WHERE object_key = l.key)
        ON CONFLICT DO NOTHING`;
      const suspects = await tx.$queryRaw<SuspectBlob[]>`
        SELECT b.object_key AS "objectKey", b.size::float8 AS size FROM blobs b
        WHERE b.object_key > ${after} AND (${to ?? null}::text IS NULL OR b.object_key <= ${to ?? null})
          AND b.created_at < (SELECT started_at FROM reconcile) AND b.missing_since IS NULL
          AND NOT EXISTS (SELECT FROM unnest(${keys}::text[], ${sizes}::bigint[]) AS l(key, size)
            WHERE l.key = b.object_key AND l.size = b.size)
        ORDER BY b.object_key LIMIT ${MAX_SUSPECTS}`;
      return { unknown, suspects };
    });
  }

  override async markMissing(keys: readonly ObjectKey[]): Promise<number> {
    return this.database.$executeRaw`
      UPDATE blobs SET missing_since = now() WHERE object_key = ANY(${[...keys]}::text[]) AND missing_since IS NULL`;
  }

  override async advance(
    to: ObjectKey | undefined,
    found: { objects: number; unknown: number; missing: number },
  ): Promise<void> {
    await this.database.$executeRaw`
      UPDATE reconcile SET after = coalesce(${to ?? null}, after), objects = objects + ${found.objects},
        unknown = unknown + ${found.unknown}, missing = missing + ${found.missing},
        finished_at = CASE WHEN ${to === undefined} THEN now() END`;
  }
}
