import type { Page, PageRequest } from '#oci';
import { type Actor, type ObjectKey, type WaitingDeletion, WaitingDeletions } from '#registry';
import { recordAudit } from './audit.js';
import { type Database, Prisma } from './database.js';
import { instantKey, instantPlace } from './instant-key.js';
import { inTransaction } from './transaction.js';

const MAX_RETRIED = 10_000;

type Row = Omit<WaitingDeletion, 'size' | 'againAt' | 'triedAt'> & {
  size: number | null;
  againAt: Date | null;
  triedAt: Date | null;
  key: string;
};

/** Whatever lies in the store may be called; nothing with a NUL reaches the database. */
const OBJECT_KEY = /^[^\0]{1,1024}$/;

export class PrismaWaitingDeletions extends WaitingDeletions {
  constructor(private readonly database: Database) {
    super();
  }

  override async list({ limit, after }: PageRequest): Promise<Page<WaitingDeletion>> {
    const { at, rest: key = '' } = instantPlace(after, OBJECT_KEY);
    const rows = await this.database.$queryRaw<Row[]>`
      SELECT object_key AS "objectKey", size::float8 AS size, not_before AS "notBefore", again_at AS "againAt",
        is_repeat AS "isRepeat", is_stray AS "isStray", tried_at AS "triedAt", tries,
        ${instantKey(Prisma.sql`not_before`, Prisma.sql`object_key`)} AS key
      FROM object_deletions WHERE (not_before, object_key) > (${at}, ${key})
      ORDER BY not_before, object_key LIMIT ${limit + 1}`;
    const items = rows.slice(0, limit).map(({ key: _, ...row }) => ({
      ...row,
      size: row.size ?? undefined,
      againAt: row.againAt ?? undefined,
      triedAt: row.triedAt ?? undefined,
    }));
    return { items, next: rows.length > limit ? rows[limit - 1]?.key : undefined };
  }

  override async retry(objectKey: ObjectKey | undefined, operator: Actor): Promise<number> {
    if (objectKey !== undefined && !OBJECT_KEY.test(objectKey)) return 0;
    const isAsked = objectKey === undefined ? Prisma.sql`true` : Prisma.sql`object_key = ${objectKey}`;
    return inTransaction(this.database, async (tx) => {
      const retried = await tx.$executeRaw`
        UPDATE object_deletions SET tried_at = NULL WHERE object_key IN (
          SELECT object_key FROM object_deletions
          WHERE not_before <= now() AND tried_at IS NOT NULL AND ${isAsked}
          ORDER BY not_before LIMIT ${MAX_RETRIED} FOR UPDATE SKIP LOCKED)`;
      const target = objectKey === undefined ? 'object deletions' : `object ${objectKey}`;
      await recordAudit(tx, { actor: operator, action: 'object-deletions.retry', target, data: { retried } });
      return retried;
    });
  }
}
