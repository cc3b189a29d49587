import { AccountStore, type NewToken } from '#auth';
import type { Actor } from '#registry';
import { recordAudit } from './audit.js';
import { createUser } from './create-user.js';
import { type Database, Prisma } from './database.js';
import { NameTaken } from './name-taken.js';
import { inTransaction } from './transaction.js';

const ADMINISTRATOR = 'admin';
const ADMINISTRATOR_TOKEN = 'BERTH_ADMIN_TOKEN';
const BERTH: Actor = { principal: 'berth', userId: undefined, login: 'berth', isOverriding: false };

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

  override createToken(
    token: NewToken,
    actor: Actor,
  ): Promise<{ id: number; expiresAt: Date | undefined } | undefined> {
    return inTransaction(this.database, async (tx) => {
      const [made] = await tx.$queryRaw<Array<{ id: number; expiresAt: Date | null }>>`
        INSERT INTO access_tokens (user_id, name, hash, scopes, expires_at)
        SELECT id, ${token.name}, ${token.hash}, ${token.scopes}::text[],
          now() + make_interval(days => ${token.expiresInDays ?? null}::int)
        FROM users WHERE login_key = ${token.login.toLowerCase()}
        RETURNING id, expires_at AS "expiresAt"`;
      if (!made) return undefined;
      const data = { tokenId: made.id, name: token.name, scopes: token.scopes };
      await recordAudit(tx, { actor, action: 'token.create', target: token.login, data });
      return { id: made.id, expiresAt: made.expiresAt ?? undefined };
    });
  }

  override revokeToken(login: string, tokenId: number, actor: Actor): Promise<boolean> {
    return inTransaction(this.database, async (tx) => {
      const revoked = await tx.$executeRaw`
        UPDATE access_tokens SET revoked_at = now(), access_version = access_version + 1
        WHERE id = ${tokenId} AND revoked_at IS NULL
          AND user_id = (SELECT id FROM users WHERE login_key = ${login.toLowerCase()})`;
      if (revoked > 0) await recordAudit(tx, { actor, action: 'token.revoke', target: login, data: { tokenId } });
      return revoked > 0;
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
