import { type AccountRecord, AccountStore, type OrganisationRecord } from '#auth';
import type { Page, PageRequest } from '#oci';
import type { Actor } from '#registry';
import { recordAudit } from './audit.js';
import { createUser } from './create-user.js';
import { type Database, Prisma } from './database.js';
import { NameTaken } from './name-taken.js';
import { inTransaction } from './transaction.js';

const ADMINISTRATOR = 'admin';
const ADMINISTRATOR_TOKEN = 'BERTH_ADMIN_TOKEN';
const BERTH: Actor = { principal: 'berth', userId: undefined, login: 'berth', isOverriding: false };

/** What is counted of a user is bounded: 1,000 live tokens, 100 organisations. */
const USERS = Prisma.sql`
  SELECT u.login, u.disabled_at IS NOT NULL AS "isDisabled", u.created_at AS "createdAt",
    (SELECT count(*)::int FROM access_tokens t WHERE t.user_id = u.id AND t.kind = 'personal' AND t.revoked_at IS NULL
      AND (t.expires_at IS NULL OR t.expires_at > now())) AS tokens,
    (SELECT coalesce(jsonb_agg(jsonb_build_object('login', o.login, 'role', o.role) ORDER BY o.path), '[]') FROM (
      SELECT n.login, n.path, m.role FROM members m JOIN namespaces n ON n.id = m.namespace_id
      WHERE m.user_id = u.id ORDER BY n.path LIMIT 100) o) AS organisations
  FROM users u`;

export class PrismaAccountStore extends AccountStore {
  constructor(private readonly database: Database) {
    super();
  }

  override async createUser(login: string, actor: Actor): Promise<boolean> {
    try {
      return await inTransaction(this.database, (tx) => createUser(tx, login, actor));
    } catch (error) {
      if (error instanceof NameTaken) return false;
      throw error;
    }
  }

  override createOrganisation(login: string, actor: Actor): Promise<boolean> {
    return inTransaction(this.database, async (tx) => {
      const made = await tx.$executeRaw`
        INSERT INTO namespaces (path, login, kind) VALUES (${login.toLowerCase()}, ${login}, 'organisation')
        ON CONFLICT DO NOTHING`;
      if (made > 0) await recordAudit(tx, { actor, action: 'organisation.create', target: login });
      return made > 0;
    });
  }

  override async listUsers({ limit, after }: PageRequest): Promise<Page<AccountRecord>> {
    const rows = await this.database.$queryRaw<AccountRecord[]>`
      ${USERS} WHERE u.login_key > ${after?.toLowerCase() ?? ''} ORDER BY u.login_key LIMIT ${limit + 1}`;
    return pageOf(rows, limit);
  }

  override async findUser(login: string): Promise<AccountRecord | undefined> {
    const rows = await this.database.$queryRaw<AccountRecord[]>`${USERS} WHERE u.login_key = ${login.toLowerCase()}`;
    return rows[0];
  }

  override async listOrganisations({ limit, after }: PageRequest): Promise<Page<OrganisationRecord>> {
    const rows = await this.database.$queryRaw<OrganisationRecord[]>`
      SELECT n.login, n.created_at AS "createdAt", n.requires_sso AS "requiresSignOn", m.owners, m.members
      FROM namespaces n, LATERAL (
        SELECT count(*) FILTER (WHERE role = 'owner')::int AS owners, count(*)::int AS members
        FROM members WHERE namespace_id = n.id) m
      WHERE n.kind = 'organisation' AND n.path > ${after?.toLowerCase() ?? ''} ORDER BY n.path LIMIT ${limit + 1}`;
    return pageOf(rows, limit);
  }

  override async findOrganisation(login: string): Promise<number | undefined> {
    const rows = await this.database.$queryRaw<Array<{ id: number }>>`
      SELECT id FROM namespaces WHERE path = ${login.toLowerCase()} AND kind = 'organisation'`;
    return rows[0]?.id;
  }

  override setDisabled(login: string, isDisabled: boolean, actor: Actor): Promise<boolean> {
    return inTransaction(this.database, async (tx) => {
      const changed = await tx.$executeRaw`
        UPDATE users SET disabled_at = ${isDisabled ? Prisma.sql`coalesce(disabled_at, now())` : Prisma.sql`NULL`},
          access_version = access_version + 1
        WHERE login_key = ${login.toLowerCase()}`;
      if (changed === 0) return false;
      await recordAudit(tx, { actor, action: isDisabled ? 'user.disable' : 'user.enable', target: login });
      return true;
    });
  }

  override async ensureAdministrator(tokenHash: Uint8Array<ArrayBuffer>): Promise<void> {
    await inTransaction(this.database, async (tx) => {
      await createUser(tx, ADMINISTRATOR, BERTH);
      const [admin] = await tx.$queryRaw<Array<{ id: number }>>`
        SELECT id FROM users WHERE login_key = ${ADMINISTRATOR} FOR UPDATE`;
      await tx.$executeRaw`
        UPDATE access_tokens SET revoked_at = now(), access_version = access_version + 1
        WHERE user_id = ${admin?.id} AND name = ${ADMINISTRATOR_TOKEN} AND hash <> ${tokenHash} AND revoked_at IS NULL`;
      const given = await tx.$executeRaw`
        INSERT INTO access_tokens (user_id, name, hash, scopes)
        VALUES (${admin?.id}, ${ADMINISTRATOR_TOKEN}, ${tokenHash},
          ARRAY['read:packages', 'write:packages', 'delete:packages', 'admin:registry'])
        ON CONFLICT (hash) DO UPDATE SET revoked_at = NULL WHERE access_tokens.revoked_at IS NOT NULL`;
      if (given > 0) await recordAudit(tx, { actor: BERTH, action: 'token.create', target: ADMINISTRATOR });
    });
  }
}

function pageOf<T extends { login: string }>(rows: T[], limit: number): Page<T> {
  const items = rows.slice(0, limit);
  return { items, next: rows.length > limit ? items.at(-1)?.login.toLowerCase() : undefined };
}
