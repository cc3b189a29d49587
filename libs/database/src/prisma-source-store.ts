import { type PackageLink, type Source, SourceStore } from '#auth';
import type { Actor, NumberedList, NumberedPage, Visibility } from '#registry';
import { recordAudit } from './audit.js';
import { type Database, Prisma } from './database.js';
import { mayWriteSource } from './link-source.js';
import { numbered, pageById } from './numbered.js';
import { touchNamespace, touchPackage } from './touch.js';
import { inTransaction } from './transaction.js';

const COLUMNS = Prisma.sql`id, url, created_at AS "createdAt"`;

interface LinkRow {
  visibility: Visibility;
  id: number | null;
  url: string;
  inherits: boolean;
}

export class PrismaSourceStore extends SourceStore {
  constructor(private readonly database: Database) {
    super();
  }

  override async list(namespaceId: number, page: NumberedPage): Promise<NumberedList<Source>> {
    const { from, cut } = pageById(Prisma.sql`id`, page);
    const items = await this.database.$queryRaw<Source[]>`
      SELECT ${COLUMNS} FROM sources WHERE namespace_id = ${namespaceId} AND ${from} ${cut}`;
    const [count] = await this.database.$queryRaw<Array<{ total: number }>>`
      SELECT count(*)::int AS total FROM sources WHERE namespace_id = ${namespaceId}`;
    return numbered(items, page, count?.total, ({ id }) => String(id));
  }

  override async find(namespaceId: number, sourceId: number): Promise<Source | undefined> {
    const rows = await this.database.$queryRaw<Source[]>`
      SELECT ${COLUMNS} FROM sources WHERE namespace_id = ${namespaceId} AND id = ${sourceId}`;
    return rows[0];
  }

  override create(namespaceId: number, url: string, actor: Actor): Promise<Source | 'url taken'> {
    return inTransaction(this.database, async (tx) => {
      const [made] = await tx.$queryRaw<Source[]>`
        INSERT INTO sources (namespace_id, url) VALUES (${namespaceId}, ${url}) ON CONFLICT DO NOTHING
        RETURNING ${COLUMNS}`;
      if (!made) return 'url taken';
      const target = await touchNamespace(tx, namespaceId);
      await recordAudit(tx, { actor, action: 'source.create', target, data: { sourceId: made.id, url } });
      return made;
    });
  }

  override remove(namespaceId: number, sourceId: number, actor: Actor): Promise<'removed' | 'unknown' | 'linked'> {
    return inTransaction(this.database, async (tx) => {
      // Locks the row: nothing can be linked to it from here on.
      const [source] = await tx.$queryRaw<Source[]>`
        SELECT ${COLUMNS} FROM sources WHERE namespace_id = ${namespaceId} AND id = ${sourceId} FOR UPDATE`;
      if (!source) return 'unknown';
      const linked = await tx.$queryRaw<unknown[]>`SELECT 1 FROM packages WHERE source_id = ${sourceId} LIMIT 1`;
      if (linked.length > 0) return 'linked';
      await tx.$executeRaw`DELETE FROM sources WHERE id = ${sourceId}`;
      const target = await touchNamespace(tx, namespaceId);
      await recordAudit(tx, { actor, action: 'source.delete', target, data: { sourceId, url: source.url } });
      return 'removed';
    });
  }

  override async findLink(packageId: number): Promise<PackageLink | undefined> {
    const [row] = await this.database.$queryRaw<LinkRow[]>`
      SELECT p.visibility, s.id, s.url, p.inherits FROM packages p LEFT JOIN sources s ON s.id = p.source_id
      WHERE p.id = ${packageId} AND p.deleted_at IS NULL`;
    if (!row) return undefined;
    const { visibility, id, url, inherits } = row;
    return { visibility, source: id === null ? undefined : { id, url }, inherits };
  }

  override link(
    packageId: number,
    sourceId: number | undefined,
    actor: Actor,
  ): Promise<'linked' | 'unknown source' | 'source not writable'> {
    return inTransaction(this.database, async (tx) => {
      const touched = await touchPackage(tx, packageId);
      if (!touched) return 'unknown source';
      if (sourceId !== undefined) {
        const [source] = await tx.$queryRaw<Array<{ mayWrite: boolean }>>`
          SELECT ${mayWriteSource(actor)} AS "mayWrite" FROM sources s
          WHERE s.id = ${sourceId} AND s.namespace_id = ${touched.namespaceId} FOR KEY SHARE OF s`;
        if (!source) return 'unknown source';
        if (!source.mayWrite) return 'source not writable';
      }
      const inherits = sourceId !== undefined;
      await tx.$executeRaw`
        UPDATE packages SET source_id = ${sourceId ?? null}::int, inherits = ${inherits} WHERE id = ${packageId}`;
      const data = { sourceId: sourceId ?? null, inherits };
      const action = inherits ? 'package.link' : 'package.unlink';
      await recordAudit(tx, { actor, action, target: touched.target, data });
      return 'linked';
    });
  }

  override setInherits(packageId: number, inherits: boolean, actor: Actor): Promise<'set' | 'not linked'> {
    return inTransaction(this.database, async (tx) => {
      const touched = await touchPackage(tx, packageId);
      const set = await tx.$executeRaw`
        UPDATE packages SET inherits = ${inherits} WHERE id = ${packageId} AND (source_id IS NOT NULL OR NOT ${inherits})`;
      if (!touched || set === 0) return 'not linked';
      await recordAudit(tx, { actor, action: 'package.inherit', target: touched.target, data: { inherits } });
      return 'set';
    });
  }
}
