import { type AuditEntry, AuditLog, type AuditQuery } from '#auth';
import { type Database, Prisma } from './database.js';

/** Entries that one call looks at: filters without an index of their own must not read the whole log. */
const WINDOW = 10_000;

interface Row {
  id: bigint;
  at: Date;
  actor: string;
  userId: number | null;
  tokenId: number | null;
  action: string;
  target: string;
  address: string | null;
  result: string;
  data: Record<string, unknown> | null;
}

export class PrismaAuditLog extends AuditLog {
  constructor(private readonly database: Database) {
    super();
  }

  override async list(query: AuditQuery): Promise<{ entries: AuditEntry[]; next: bigint | undefined }> {
    const window = Prisma.sql`
      SELECT * FROM audit_log
      WHERE ${query.namespaceId === undefined ? Prisma.sql`true` : Prisma.sql`namespace_id = ${query.namespaceId}`}
        AND (${query.before ?? null}::bigint IS NULL OR id < ${query.before ?? null}::bigint)
      ORDER BY id DESC LIMIT ${WINDOW}`;
    const rows = await this.database.$queryRaw<Row[]>`
      SELECT id, at, actor, actor_user_id AS "userId", token_id AS "tokenId", action, target, address, result, data
      FROM (${window}) AS w
      WHERE (${query.actor ?? null}::text IS NULL OR actor = ${query.actor ?? null})
        AND (${query.action ?? null}::text IS NULL OR starts_with(action, ${query.action ?? null}))
        AND (${query.target ?? null}::text IS NULL OR target = ${query.target ?? null})
        AND (${query.since ?? null}::timestamptz IS NULL OR at >= ${query.since ?? null}::timestamptz)
        AND (${query.until ?? null}::timestamptz IS NULL OR at < ${query.until ?? null}::timestamptz)
      ORDER BY id DESC LIMIT ${query.limit + 1}`;
    const entries = rows.slice(0, query.limit).map(entryOf);
    if (rows.length > query.limit) return { entries, next: entries.at(-1)?.id };
    const [edge] = await this.database.$queryRaw<Array<{ id: bigint | null; count: number }>>`
      SELECT min(id) AS id, count(*)::int AS count FROM (${window}) AS w`;
    return { entries, next: edge?.count === WINDOW ? (edge.id ?? undefined) : undefined };
  }
}

const entryOf = ({ userId, tokenId, address, data, ...row }: Row): AuditEntry => ({
  ...row,
  userId: userId ?? undefined,
  tokenId: tokenId ?? undefined,
  address: address ?? undefined,
  data: Object.fromEntries(
    Object.entries(data ?? {}).map(([name, value]) => [
      name,
      typeof value === 'string' ? value : JSON.stringify(value),
    ]),
  ),
});
