import { type Member, type MemberRole, MemberStore } from '#auth';
import type { Actor, NumberedList, NumberedPage } from '#registry';
import { recordAudit } from './audit.js';
import { type Database, Prisma } from './database.js';
import { dropRoles } from './drop-roles.js';
import { numbered, pageBy } from './numbered.js';
import { touchNamespace } from './touch.js';
import { inTransaction, type Transaction } from './transaction.js';

export class PrismaMemberStore extends MemberStore {
  constructor(private readonly database: Database) {
    super();
  }

  override async list(
    namespaceId: number,
    role: MemberRole | undefined,
    page: NumberedPage,
  ): Promise<NumberedList<Member>> {
    const { from, cut } = pageBy(Prisma.sql`u.login_key`, page);
    // Owners are few: looked for by their own index, and never among all users in the order of their logins.
    const owners = Prisma.sql`(SELECT * FROM members WHERE namespace_id = ${namespaceId} AND role = 'owner' OFFSET 0)`;
    const among = Prisma.sql`${role === 'owner' ? owners : Prisma.sql`members`} m JOIN users u ON u.id = m.user_id
      WHERE m.namespace_id = ${namespaceId} AND ${role === undefined ? Prisma.sql`true` : Prisma.sql`m.role = ${role}`}`;
    const items = await this.database.$queryRaw<Member[]>`
      SELECT u.id, u.login, m.role FROM ${among} AND ${from} ${cut}`;
    const [count] = await this.database.$queryRaw<
      Array<{ total: number }>
    >`SELECT count(*)::int AS total FROM ${among}`;
    return numbered(items, page, count?.total, ({ login }) => login.toLowerCase());
  }

  override find(namespaceId: number, login: string): Promise<Member | undefined> {
    return findMember(this.database, namespaceId, login);
  }

  override set(
    namespaceId: number,
    login: string,
    role: MemberRole,
    actor: Actor,
  ): Promise<Member | 'unknown user' | 'last owner'> {
    return inTransaction(this.database, async (tx) => {
      const target = await touchNamespace(tx, namespaceId);
      const before = await findMember(tx, namespaceId, login);
      if (before?.role === 'owner' && role !== 'owner' && (await isLastOwner(tx, namespaceId))) return 'last owner';
      await tx.$executeRaw`
        INSERT INTO members (namespace_id, user_id, role)
        SELECT n.id, u.id, ${role} FROM namespaces n, users u
        WHERE n.id = ${namespaceId} AND n.kind = 'organisation' AND u.login_key = ${login.toLowerCase()}
        ON CONFLICT (namespace_id, user_id) DO UPDATE SET role = excluded.role`;
      const member = await findMember(tx, namespaceId, login);
      if (!member) return 'unknown user';
      await recordAudit(tx, { actor, action: 'member.set', target, data: { login: member.login, role } });
      return member;
    });
  }

  override remove(
    namespaceId: number,
    login: string,
    actor: Actor,
  ): Promise<'removed' | 'unknown user' | 'last owner'> {
    return inTransaction(this.database, async (tx) => {
      const target = await touchNamespace(tx, namespaceId);
      const member = await findMember(tx, namespaceId, login);
      if (!member) return 'unknown user';
      if (member.role === 'owner' && (await isLastOwner(tx, namespaceId))) return 'last owner';
      await tx.$executeRaw`DELETE FROM members WHERE namespace_id = ${namespaceId} AND user_id = ${member.id}`;
      await dropRoles(tx, namespaceId, member.id);
      await recordAudit(tx, { actor, action: 'member.remove', target, data: { login: member.login } });
      return 'removed';
    });
  }
}

async function findMember(
  database: Database | Transaction,
  namespaceId: number,
  login: string,
): Promise<Member | undefined> {
  const rows = await database.$queryRaw<Member[]>`
    SELECT u.id, u.login, m.role FROM users u JOIN members m ON m.user_id = u.id AND m.namespace_id = ${namespaceId}
    WHERE u.login_key = ${login.toLowerCase()}`;
  return rows[0];
}

async function isLastOwner(tx: Transaction, namespaceId: number): Promise<boolean> {
  const owners = await tx.$queryRaw<unknown[]>`
    SELECT 1 FROM members WHERE namespace_id = ${namespaceId} AND role = 'owner' LIMIT 2`;
  return owners.length === 1;
}
