import { type GroupMapping, type NewSession, type ProvenIdentity, SignOnStore, type TokenHolder } from '#auth';
import type { Actor } from '#registry';
import { applyGroups } from './apply-groups.js';
import { recordAudit } from './audit.js';
import { createUser } from './create-user.js';
import type { Database } from './database.js';
import { Prisma } from './database.js';
import { NameTaken } from './name-taken.js';
import { touchNamespace } from './touch.js';
import { inTransaction, type Transaction } from './transaction.js';

/** What somebody who signed in may do of all that they may: everything but the operator's. */
const SESSION_SCOPES = ['read:packages', 'write:packages', 'delete:packages', 'admin:org'];

/** Browsers that one user is signed in with at a time. */
const MAX_SESSIONS = 100;

const IS_LIVE = Prisma.sql`t.revoked_at IS NULL AND (t.expires_at IS NULL OR t.expires_at > now())`;

export class PrismaSignOnStore extends SignOnStore {
  constructor(private readonly database: Database) {
    super();
  }

  override async signIn(
    identity: ProvenIdentity,
    session: NewSession,
  ): Promise<TokenHolder | 'disabled' | 'name taken'> {
    try {
      return await this.signInOnce(identity, session);
    } catch (error) {
      if (!(error instanceof NameTaken)) throw error;
    }
    // By another login of the same person, which was first by a moment: now they are known.
    try {
      return await this.signInOnce(identity, session);
    } catch (error) {
      if (error instanceof NameTaken) return 'name taken';
      throw error;
    }
  }

  /** Throws NameTaken for a newcomer whose login somebody has. */
  private signInOnce(identity: ProvenIdentity, session: NewSession): Promise<TokenHolder | 'disabled'> {
    return inTransaction(this.database, async (tx) => {
      const user = (await findUser(tx, identity)) ?? (await enroll(tx, identity));
      if (user.isDisabled) return 'disabled';
      await tx.$executeRaw`
          UPDATE sso_identities SET last_login_at = now()
          WHERE issuer = ${identity.issuer} AND subject = ${identity.subject}`;
      const actor = actorOf(user, session.address);
      await applyGroups(tx, user.id, identity.groups, actor);
      await sweepSessions(tx, user.id);
      const [made] = await tx.$queryRaw<TokenHolder[]>`
          INSERT INTO access_tokens (user_id, name, hash, scopes, expires_at, kind)
          VALUES (${user.id}, 'session', ${session.hash}, ${SESSION_SCOPES}::text[],
            now() + make_interval(secs => ${session.lifetime}), 'session')
          RETURNING user_id AS "userId", id AS "tokenId", ${user.login} AS login, scopes`;
      if (!made) throw new Error('no session was made');
      await tx.$executeRaw`INSERT INTO sessions (token_id, is_sso) VALUES (${made.tokenId}, true)`;
      const data = { by: 'single sign-on', issuer: identity.issuer };
      await recordAudit(tx, { actor, action: 'session.open', target: user.login, data });
      return made;
    });
  }

  override openWithToken(
    holder: TokenHolder,
    { hash, lifetime, address }: NewSession,
  ): Promise<TokenHolder | undefined> {
    return inTransaction(this.database, async (tx) => {
      const known = await tx.$queryRaw<unknown[]>`
        SELECT 1 FROM users WHERE id = ${holder.userId} AND disabled_at IS NULL FOR NO KEY UPDATE`;
      if (known.length === 0) return undefined;
      await sweepSessions(tx, holder.userId);
      const [made] = await tx.$queryRaw<TokenHolder[]>`
        INSERT INTO access_tokens (user_id, name, hash, scopes, expires_at, namespace_id, package_ids, kind)
        SELECT t.user_id, 'session', ${hash}, t.scopes,
          least(t.expires_at, now() + make_interval(secs => ${lifetime})), t.namespace_id, t.package_ids, 'session'
        FROM access_tokens t WHERE t.id = ${holder.tokenId} AND ${IS_LIVE}
        RETURNING user_id AS "userId", id AS "tokenId", ${holder.login} AS login, scopes`;
      if (!made) return undefined;
      await tx.$executeRaw`
        INSERT INTO sessions (token_id, is_sso, opened_by) VALUES (${made.tokenId}, false, ${holder.tokenId})`;
      await tx.$executeRaw`
        INSERT INTO access_token_sso (token_id, namespace_id)
        SELECT ${made.tokenId}, namespace_id FROM access_token_sso WHERE token_id = ${holder.tokenId}`;
      const actor = actorOf({ id: holder.userId, login: holder.login }, address);
      await recordAudit(tx, { actor, action: 'session.open', target: holder.login, data: { by: 'access token' } });
      return made;
    });
  }

  override async findSession(
    hash: Uint8Array,
    idle: number,
  ): Promise<(TokenHolder & { isSignedOn: boolean }) | undefined> {
    const [row] = await this.database.$queryRaw<Array<TokenHolder & { isSignedOn: boolean; isStale: boolean }>>`
      SELECT t.user_id AS "userId", t.id AS "tokenId", u.login, t.scopes, s.is_sso AS "isSignedOn",
        s.seen_at < now() - interval '1 minute' AS "isStale"
      FROM access_tokens t JOIN users u ON u.id = t.user_id AND u.disabled_at IS NULL
      JOIN sessions s ON s.token_id = t.id AND s.seen_at > now() - make_interval(secs => ${idle})
      WHERE t.hash = ${new Uint8Array(hash)} AND t.kind = 'session' AND ${IS_LIVE}
        AND (s.opened_by IS NULL OR EXISTS (SELECT FROM access_tokens o
          WHERE o.id = s.opened_by AND o.revoked_at IS NULL AND (o.expires_at IS NULL OR o.expires_at > now())))`;
    if (!row) return undefined;
    const { isStale, ...session } = row;
    if (isStale) await this.database.$executeRaw`UPDATE sessions SET seen_at = now() WHERE token_id = ${row.tokenId}`;
    return session;
  }

  override async closeSession(hash: Uint8Array): Promise<void> {
    await this.database.$executeRaw`
      UPDATE access_tokens SET revoked_at = now(), access_version = access_version + 1
      WHERE hash = ${new Uint8Array(hash)} AND kind = 'session' AND revoked_at IS NULL`;
  }

  override link(login: string, issuer: string, subject: string, actor: Actor): Promise<boolean> {
    return inTransaction(this.database, async (tx) => {
      const linked = await tx.$executeRaw`
        INSERT INTO sso_identities (issuer, subject, user_id)
        SELECT ${issuer}, ${subject}, id FROM users WHERE login_key = ${login.toLowerCase()}
        ON CONFLICT (issuer, subject) DO UPDATE SET user_id = excluded.user_id
          WHERE sso_identities.user_id = excluded.user_id`;
      if (linked > 0) await recordAudit(tx, { actor, action: 'user.link', target: login, data: { issuer, subject } });
      return linked > 0;
    });
  }

  override async rulesOf(namespaceId: number): Promise<{ isRequired: boolean; groups: GroupMapping[] }> {
    const [namespace] = await this.database.$queryRaw<Array<{ isRequired: boolean }>>`
      SELECT requires_sso AS "isRequired" FROM namespaces WHERE id = ${namespaceId}`;
    const rows = await this.database.$queryRaw<Array<{ group: string; team: string | null }>>`
      SELECT g.group_name AS group, t.slug AS team FROM sso_groups g LEFT JOIN teams t ON t.id = g.team_id
      WHERE g.namespace_id = ${namespaceId} ORDER BY g.id`;
    const groups = rows.map(({ group, team }) => ({ group, team: team ?? undefined }));
    return { isRequired: namespace?.isRequired ?? false, groups };
  }

  override setRules(
    namespaceId: number,
    { isRequired, groups }: { isRequired: boolean; groups: GroupMapping[] },
    actor: Actor,
  ): Promise<{ unknownTeam: string } | undefined> {
    return inTransaction(this.database, async (tx) => {
      const target = await touchNamespace(tx, namespaceId);
      const teams = await tx.$queryRaw<Array<{ id: number; slug: string }>>`
        SELECT id, slug FROM teams WHERE namespace_id = ${namespaceId}
          AND slug = ANY (${groups.flatMap(({ team }) => team ?? [])})`;
      const ids = new Map(teams.map(({ id, slug }) => [slug, id]));
      const unknown = groups.find(({ team }) => team !== undefined && !ids.has(team))?.team;
      if (unknown !== undefined) return { unknownTeam: unknown };
      await tx.$executeRaw`UPDATE namespaces SET requires_sso = ${isRequired} WHERE id = ${namespaceId}`;
      await tx.$executeRaw`DELETE FROM sso_groups WHERE namespace_id = ${namespaceId}`;
      await tx.$executeRaw`
        INSERT INTO sso_groups (namespace_id, group_name, team_id)
        SELECT ${namespaceId}, g, t FROM unnest(${groups.map(({ group }) => group)}::text[],
          ${groups.map(({ team }) => (team === undefined ? null : (ids.get(team) ?? null)))}::int[]) AS m (g, t)`;
      await recordAudit(tx, { actor, action: 'organisation.sign_on', target, data: { isRequired, groups } });
      return undefined;
    });
  }
}

/**
 * Sessions that ended leave when their user opens the next, and so does the oldest where there would be too many: a script
 * that logs in for each call fills no table. The caller holds the user's row.
 */
async function sweepSessions(tx: Transaction, userId: number): Promise<void> {
  await tx.$executeRaw`
    DELETE FROM access_tokens WHERE user_id = ${userId} AND kind = 'session'
      AND (revoked_at IS NOT NULL OR expires_at < now() OR id <= (
        SELECT id FROM access_tokens t WHERE user_id = ${userId} AND kind = 'session' AND ${IS_LIVE}
        ORDER BY id DESC OFFSET ${MAX_SESSIONS - 1} LIMIT 1))`;
}

interface User {
  id: number;
  login: string;
  isDisabled: boolean;
}

/** Locked, so that two logins of one user at once change memberships one after the other. */
async function findUser(tx: Transaction, { issuer, subject }: ProvenIdentity): Promise<User | undefined> {
  const [user] = await tx.$queryRaw<User[]>`
    SELECT u.id, u.login, u.disabled_at IS NOT NULL AS "isDisabled"
    FROM sso_identities i JOIN users u ON u.id = i.user_id
    WHERE i.issuer = ${issuer} AND i.subject = ${subject} FOR NO KEY UPDATE OF u`;
  return user;
}

/** Throws NameTaken, for its transaction to end, when the login is somebody's. */
async function enroll(tx: Transaction, { issuer, subject, login }: ProvenIdentity): Promise<User> {
  const actor: Actor = { principal: 'berth', userId: undefined, login: 'single sign-on', isOverriding: false };
  if (login === undefined || !(await createUser(tx, login, actor))) throw new NameTaken(login ?? '');
  const [user] = await tx.$queryRaw<
    Array<{ id: number }>
  >`SELECT id FROM users WHERE login_key = ${login.toLowerCase()}`;
  if (!user) throw new NameTaken(login);
  await tx.$executeRaw`
    INSERT INTO sso_identities (issuer, subject, user_id) VALUES (${issuer}, ${subject}, ${user.id})`;
  return { id: user.id, login, isDisabled: false };
}

const actorOf = ({ id, login }: { id: number; login: string }, address: string | undefined): Actor => ({
  principal: `user:${id}`,
  userId: id,
  address,
  login,
  isOverriding: false,
});
