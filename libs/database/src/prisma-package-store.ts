import { type Page, type PageRequest, type RepositoryName, splitRepositoryName } from '#oci';
import { type Actor, PackageStore, type Viewer, type Visibility } from '#registry';
import { recordAudit, recordPackageAudit } from './audit.js';
import { type Database, Prisma } from './database.js';
import { NameTaken } from './name-taken.js';
import { inTransaction, type Transaction } from './transaction.js';
import { hasOwnRight, type OwnedNamespace, ownedNamespaces, packagesInReach } from './visible-packages.js';

export class PrismaPackageStore extends PackageStore {
  constructor(private readonly database: Database) {
    super();
  }

  override async ensure(name: RepositoryName, actor: Actor): Promise<number> {
    for (;;) {
      const known = await this.database.$queryRaw<Array<{ id: number }>>`
        SELECT p.id FROM package_names n JOIN packages p ON p.id = n.package_id
        WHERE n.full_name = ${name} AND p.deleted_at IS NULL`;
      if (known[0]) return known[0].id;
      const made = await this.create(name, actor);
      if (made !== undefined) return made;
    }
  }

  /** The new package's id; undefined when another request took the name first, and nothing is left behind then. */
  private async create(name: RepositoryName, actor: Actor): Promise<number | undefined> {
    try {
      return await inTransaction(this.database, async (tx) => {
        const namespaceId = await this.namespaceOf(tx, name, actor);
        const [made] = await tx.$queryRaw<Array<{ id: number }>>`
          INSERT INTO packages (namespace_id, publisher_id, source_id, inherits)
          SELECT ${namespaceId}::int, ${actor.userId ?? null}::int, s.id, s.id IS NOT NULL
          FROM (VALUES (${actor.sourceId ?? null}::int)) AS a (source_id)
          LEFT JOIN sources s ON s.id = a.source_id AND s.namespace_id = ${namespaceId}::int
          RETURNING id`;
        const named = await tx.$executeRaw`
          INSERT INTO package_names (full_name, package_id) VALUES (${name}, ${made?.id}) ON CONFLICT DO NOTHING`;
        if (named === 0) throw new NameTaken(name);
        return made?.id;
      });
    } catch (error) {
      if (error instanceof NameTaken) return undefined;
      throw error;
    }
  }

  /** Only administrators come this far under a name that nobody owns: it becomes an organisation. */
  private async namespaceOf(tx: Transaction, name: RepositoryName, actor: Actor): Promise<number> {
    const { owner } = splitRepositoryName(name);
    const find = () => tx.$queryRaw<Array<{ id: number }>>`SELECT id FROM namespaces WHERE path = ${owner}`;
    const known = (await find())[0];
    if (known) return known.id;
    const made = await tx.$executeRaw`
      INSERT INTO namespaces (path, login, kind) VALUES (${owner}, ${owner}, 'organisation') ON CONFLICT DO NOTHING`;
    if (made > 0) await recordAudit(tx, { actor, action: 'organisation.create', target: owner });
    return (await find())[0]?.id ?? -1;
  }

  override async list(viewer: Viewer, { limit, after }: PageRequest): Promise<Page<RepositoryName>> {
    if (limit === 0) return { items: [], next: undefined };
    const rows = await this.database.$queryRaw<Array<{ name: RepositoryName }>>(
      await this.listed(viewer, after ?? '', limit + 1),
    );
    const items = rows.slice(0, limit).map((row) => row.name);
    return { items, next: rows.length > limit ? items.at(-1) : undefined };
  }

  /** Whoever may see few of very many packages is not to make the database look at all of them. */
  private async listed(viewer: Viewer, after: string, limit: number): Promise<Prisma.Sql> {
    const page = Prisma.sql`ORDER BY name LIMIT ${limit}`;
    const among = (start: string, condition: Prisma.Sql) => Prisma.sql`
      SELECT n.full_name AS name FROM package_names n JOIN packages p ON p.id = n.package_id
      WHERE n.full_name > ${start} AND n.alias_until IS NULL
        AND p.published_at IS NOT NULL AND p.deleted_at IS NULL AND ${condition}`;
    const hasRight = hasOwnRight(viewer);
    if (viewer.userId === undefined) return Prisma.sql`${among(after, hasRight)} ${page}`;
    const owned = await this.database.$queryRaw<OwnedNamespace[]>(ownedNamespaces(viewer.userId, viewer.tokenId));
    // Each by the bounds of its names: the planner then knows how many there are, and reads no more than the page in order.
    const ranges = owned
      .map(({ id, path }) => ({ id, first: `${path}/`, end: `${path}0` })) // '0' follows '/'
      .filter(({ end }) => end > after)
      .map(({ id, first, end }) => {
        const isInRange = Prisma.sql`n.full_name < ${end} AND p.namespace_id = ${id}::int`;
        return Prisma.sql`(${among(after > first ? after : first, isInRange)} ${page}) UNION`;
      });
    const few = packagesInReach(viewer.userId, viewer.tokenId);
    const byRole = among(after, Prisma.sql`p.id = ANY (ARRAY${few}) AND ${hasRight}`);
    return Prisma.sql`${Prisma.join([...ranges, byRole], ' ')} ${page}`;
  }

  override async setVisibility(which: number | RepositoryName, visibility: Visibility, actor: Actor): Promise<boolean> {
    const id =
      typeof which === 'number'
        ? Prisma.sql`${which}::int`
        : Prisma.sql`(SELECT package_id FROM package_names WHERE full_name = ${which})`;
    return inTransaction(this.database, async (tx) => {
      const [changed] = await tx.$queryRaw<Array<{ packageId: number }>>`
        UPDATE packages SET visibility = ${visibility}, access_version = access_version + 1
        WHERE id = ${id} AND deleted_at IS NULL RETURNING id AS "packageId"`;
      if (!changed) return false;
      await recordPackageAudit(tx, { actor, action: 'package.visibility', ...changed, data: { visibility } });
      return true;
    });
  }
}
