import type { Page, PageRequest } from '#oci';
import { type Actor, type OpenUpload, OpenUploads } from '#registry';
import { recordPackageAudit } from './audit.js';
import { closeSession } from './close-session.js';
import { type Database, Prisma } from './database.js';
import { instantKey, instantPlace } from './instant-key.js';
import { inTransaction } from './transaction.js';

type Row = Omit<OpenUpload, 'login' | 'busyUntil'> & { login: string | null; busyUntil: Date | null; key: string };

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const FIRST = '00000000-0000-0000-0000-000000000000';

export class PrismaOpenUploads extends OpenUploads {
  constructor(private readonly database: Database) {
    super();
  }

  override async list({ limit, after }: PageRequest): Promise<Page<OpenUpload>> {
    const { at, rest: id = FIRST } = instantPlace(after, UUID);
    const rows = await this.database.$queryRaw<Row[]>`
      SELECT s.id::text AS id, coalesce(n.full_name, p.deleted_name, 'package ' || p.id) AS package, s.principal, u.login,
        s.state, s.direct_size IS NOT NULL AS "isDirect", s."offset"::float8 AS bytes, s.created_at AS "createdAt",
        CASE WHEN s.busy_until > now() THEN s.busy_until END AS "busyUntil", s.expires_at AS "expiresAt",
        ${instantKey(Prisma.sql`s.created_at`, Prisma.sql`s.id`)} AS key
      FROM (SELECT * FROM upload_sessions
        WHERE state IN ('open', 'completing') AND (created_at, id) > (${at}, ${id}::uuid)
        ORDER BY created_at, id LIMIT ${limit + 1}) s
      JOIN packages p ON p.id = s.package_id
      LEFT JOIN package_names n ON n.package_id = p.id AND n.alias_until IS NULL
      LEFT JOIN users u ON u.id = substring(s.principal FROM '^user:([0-9]{1,9})$')::int
      ORDER BY s.created_at, s.id`;
    const items = rows.slice(0, limit).map(({ key: _, ...row }) => ({
      ...row,
      login: row.login ?? undefined,
      busyUntil: row.busyUntil ?? undefined,
    }));
    return { items, next: rows.length > limit ? rows[limit - 1]?.key : undefined };
  }

  override async cancel(id: string, operator: Actor): Promise<boolean> {
    if (!UUID.test(id)) return false;
    return inTransaction(this.database, async (tx) => {
      const closed = await closeSession(tx, Prisma.sql`id = ${id}::uuid`);
      if (!closed) return false;
      const { packageId, principal } = closed;
      await recordPackageAudit(tx, {
        actor: operator,
        action: 'upload.cancel',
        packageId,
        data: { upload: id, principal },
      });
      return true;
    });
  }
}
