import { type PackageRole, type RoleEntry, type RoleHolder, RoleStore, type RoleTarget } from '#auth';
import type { Actor, NumberedList, NumberedPage } from '#registry';
import { recordAudit } from './audit.js';
import { type Database, Prisma } from './database.js';
import { numbered, pageBy } from './numbered.js';
import { touchNamespace, touchPackage } from './touch.js';
import { inTransaction, type Transaction } from './transaction.js';

/** Where roles of a kind stand: the table, its column for the target, and who can hold one in namespace `$1`. */
interface Place {
  table: Prisma.Sql;
  target: Prisma.Sql;
  holder: Prisma.Sql;
}

const TARGET = { package: Prisma.sql`package_id`, source: Prisma.sql`source_id` };
const TABLES: Record<RoleTarget['kind'], Partial<Record<RoleHolder['kind'], Prisma.Sql>>> = {
  package: {
    user: Prisma.sql`package_roles`,
    team: Prisma.sql`package_team_roles`,
    workflows: Prisma.sql`package_workflow_roles`,
  },
  source: { user: Prisma.sql`source_roles`, team: Prisma.sql`source_team_roles` },
};
const HOLDER = { user: Prisma.sql`user_id`, team: Prisma.sql`team_id`, workflows: Prisma.sql`source_id` };

export class PrismaRoleStore extends RoleStore {
  constructor(private readonly database: Database) {
    super();
  }

  override async list(target: RoleTarget, page: NumberedPage): Promise<NumberedList<RoleEntry>> {
    const column = TARGET[target.kind];
    const { user, team, workflows } = TABLES[target.kind];
    const among = Prisma.sql`(
      SELECT 'user' AS kind, u.id, u.login AS name, 'user/' || lpad(u.id::text, 10, '0') AS key, r.role
      FROM ${user} r JOIN users u ON u.id = r.user_id WHERE r.${column} = ${target.id}
      UNION ALL SELECT 'team', t.id, t.slug, 'team/' || lpad(t.id::text, 10, '0'), r.role
      FROM ${team} r JOIN teams t ON t.id = r.team_id WHERE r.${column} = ${target.id}
      ${
        workflows
          ? Prisma.sql`UNION ALL SELECT 'workflows', s.id, s.url, 'workflows/' || lpad(s.id::text, 10, '0'), r.role
            FROM ${workflows} r JOIN sources s ON s.id = r.source_id WHERE r.${column} = ${target.id}`
          : Prisma.empty
      }) AS e (kind, id, name, key, role)`;
    const { from, cut } = pageBy(Prisma.sql`key COLLATE "C"`, page);
    const rows = await this.database.$queryRaw<Array<RoleEntry & { key: string }>>`
      SELECT kind, id, name, key, role FROM ${among} WHERE ${from} ${cut}`;
    const [count] = await this.database.$queryRaw<
      Array<{ total: number }>
    >`SELECT count(*)::int AS total FROM ${among}`;
    const list = numbered(rows, page, count?.total, ({ key }) => key);
    return { ...list, items: list.items.map(({ kind, id, name, role }) => ({ kind, id, name, role })) };
  }

  override set(target: RoleTarget, holder: RoleHolder, role: PackageRole | undefined, actor: Actor): Promise<boolean> {
    return inTransaction(this.database, async (tx) => {
      const table = TABLES[target.kind][holder.kind];
      const touched = await touchTarget(tx, target);
      if (!table || !touched) return false;
      const holderId = await findHolder(tx, touched.namespaceId, holder);
      if (holderId === undefined) return false;
      const place: Place = { table, target: TARGET[target.kind], holder: HOLDER[holder.kind] };
      const changed =
        role === undefined ? take(tx, place, target.id, holderId) : give(tx, place, target.id, holderId, role);
      if ((await changed) === 0) return false;
      const data = { ...holder, role: role ?? null, ...touched.more };
      await recordAudit(tx, { actor, action: `${target.kind}.role`, target: touched.target, data });
      return true;
    });
  }
}

/** ON CONFLICT with a WHERE would make a repeated call look like an unknown holder: every call writes. */
const give = (tx: Transaction, place: Place, targetId: number, holderId: number, role: PackageRole) =>
  tx.$executeRaw`
    INSERT INTO ${place.table} (${place.target}, ${place.holder}, role) VALUES (${targetId}, ${holderId}, ${role})
    ON CONFLICT (${place.target}, ${place.holder}) DO UPDATE SET role = excluded.role`;

const take = (tx: Transaction, place: Place, targetId: number, holderId: number) =>
  tx.$executeRaw`DELETE FROM ${place.table} WHERE ${place.target} = ${targetId} AND ${place.holder} = ${holderId}`;

/** Packages that inherit from a source carry its namespace's version too: one touch reaches them all. */
async function touchTarget(
  tx: Transaction,
  { kind, id }: RoleTarget,
): Promise<{ target: string; namespaceId: number; more?: { url: string } } | undefined> {
  if (kind === 'package') return touchPackage(tx, id);
  const [source] = await tx.$queryRaw<Array<{ namespaceId: number; url: string }>>`
    SELECT namespace_id AS "namespaceId", url FROM sources WHERE id = ${id} FOR KEY SHARE`;
  if (!source) return undefined;
  const { namespaceId, url } = source;
  // Under the namespace's name: its owners read of it.
  return { target: await touchNamespace(tx, namespaceId), namespaceId, more: { url } };
}

/** Teams and workflows of the namespace only; users of anywhere. */
async function findHolder(tx: Transaction, namespaceId: number, holder: RoleHolder): Promise<number | undefined> {
  const rows =
    holder.kind === 'user'
      ? await tx.$queryRaw<Array<{ id: number }>>`SELECT id FROM users WHERE login_key = ${holder.login.toLowerCase()}`
      : holder.kind === 'team'
        ? await tx.$queryRaw<Array<{ id: number }>>`
            SELECT id FROM teams WHERE namespace_id = ${namespaceId} AND slug = ${holder.slug} FOR KEY SHARE`
        : await tx.$queryRaw<Array<{ id: number }>>`
            SELECT id FROM sources WHERE namespace_id = ${namespaceId} AND id = ${holder.sourceId} FOR KEY SHARE`;
  return rows[0]?.id;
}
