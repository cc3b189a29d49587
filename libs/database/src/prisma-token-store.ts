import { type TokenConfinement, type TokenDraft, type TokenRecord, type TokenScope, TokenStore } from '#auth';
import type { Actor } from '#registry';
import { recordAudit } from './audit.js';
import type { Database } from './database.js';
import { Prisma } from './database.js';
import { inTransaction, type Transaction } from './transaction.js';

/** More than anybody keeps in mind. */
const MAX_TOKENS = 1000;

interface Row {
  id: number;
  name: string;
  scopes: TokenScope[];
  namespace: string | null;
  packageIds: number[] | null;
  packages: string[] | null;
  signedOnTo: string[];
  isSignedOn: boolean;
  createdAt: Date;
  expiresAt: Date | null;
  lastUsedAt: Date | null;
  countsPulls: boolean;
}

const IS_LIVE = Prisma.sql`t.revoked_at IS NULL AND (t.expires_at IS NULL OR t.expires_at > now())`;

/** A session bounds what it makes by the end of the token that opened it, not by its own: people make lasting tokens. */
const END = Prisma.sql`CASE WHEN t.kind = 'session' THEN o.expires_at ELSE t.expires_at END`;

const TOKENS = Prisma.sql`
  SELECT t.id, t.name, t.scopes, ns.path AS namespace, t.package_ids AS "packageIds",
    CASE WHEN t.package_ids IS NOT NULL THEN ARRAY(
      SELECT n.full_name FROM package_names n WHERE n.package_id = ANY (t.package_ids) AND n.alias_until IS NULL
      ORDER BY n.full_name) END AS packages,
    ARRAY(SELECT o.path FROM access_token_sso s JOIN namespaces o ON o.id = s.namespace_id
      WHERE s.token_id = t.id ORDER BY o.path) AS "signedOnTo", coalesce(sessions.is_sso, false) AS "isSignedOn",
    t.created_at AS "createdAt", ${END} AS "expiresAt", t.last_used_at AS "lastUsedAt", t.counts_pulls AS "countsPulls"
  FROM access_tokens t LEFT JOIN namespaces ns ON ns.id = t.namespace_id
  LEFT JOIN sessions ON sessions.token_id = t.id LEFT JOIN access_tokens o ON o.id = sessions.opened_by`;

export class PrismaTokenStore extends TokenStore {
  constructor(private readonly database: Database) {
    super();
  }

  override async findUser(login: string): Promise<number | undefined> {
    const [user] = await this.database.$queryRaw<Array<{ id: number }>>`
      SELECT id FROM users WHERE login_key = ${login.toLowerCase()}`;
    return user?.id;
  }

  override async list(userId: number, limit: number, after: number): Promise<TokenRecord[]> {
    // The user's live ones first, by their own index: in the order of ids the planner may walk those of everybody.
    const rows = await this.database.$queryRaw<Row[]>`
      ${TOKENS} WHERE t.id = ANY (ARRAY(SELECT t.id FROM access_tokens t
        WHERE t.user_id = ${userId} AND t.id > ${after} AND t.kind = 'personal' AND ${IS_LIVE}))
      ORDER BY t.id LIMIT ${limit}`;
    return rows.map(recordOf);
  }

  override find(userId: number, tokenId: number): Promise<TokenRecord | undefined> {
    return findToken(this.database, userId, tokenId);
  }

  override create(
    userId: number,
    draft: TokenDraft,
    actor: Actor,
  ): Promise<TokenRecord | 'unknown namespace' | 'unknown package' | 'full'> {
    return inTransaction(this.database, async (tx) => {
      const login = await lockUser(tx, userId);
      if (await isFull(tx, userId)) return 'full';
      const bounds = await findBounds(tx, draft);
      if (typeof bounds === 'string') return bounds;
      const { namespaceId, packageIds } = bounds;
      const [made] = await tx.$queryRaw<Array<{ id: number }>>`
        INSERT INTO access_tokens (user_id, name, hash, scopes, expires_at, namespace_id, package_ids, counts_pulls)
        VALUES (${userId}, ${draft.name}, ${draft.hash}, ${draft.scopes}::text[],
          now() + make_interval(days => ${draft.expiresInDays ?? null}::int), ${namespaceId}::int, ${packageIds}::int[],
          ${draft.countsPulls})
        RETURNING id`;
      const { name, scopes, namespace, packages } = draft;
      const data = { tokenId: made?.id, name, scopes, namespace, packages };
      await recordAudit(tx, { actor, action: 'token.create', target: login, data });
      return getToken(tx, userId, made?.id ?? 0);
    });
  }

  override rotate(
    userId: number,
    tokenId: number,
    hash: Uint8Array<ArrayBuffer>,
    actor: Actor,
  ): Promise<TokenRecord | undefined> {
    return inTransaction(this.database, async (tx) => {
      const login = await lockUser(tx, userId);
      if (!(await endToken(tx, userId, tokenId))) return undefined;
      const [made] = await tx.$queryRaw<Array<{ id: number }>>`
        INSERT INTO access_tokens (user_id, name, hash, scopes, expires_at, namespace_id, package_ids, counts_pulls)
        SELECT user_id, name, ${hash}, scopes, expires_at, namespace_id, package_ids, counts_pulls
        FROM access_tokens WHERE id = ${tokenId} RETURNING id`;
      await tx.$executeRaw`
        INSERT INTO access_token_sso (token_id, namespace_id)
        SELECT ${made?.id}, namespace_id FROM access_token_sso WHERE token_id = ${tokenId}`;
      const data = { tokenId: made?.id, replaces: tokenId };
      await recordAudit(tx, { actor, action: 'token.rotate', target: login, data });
      return getToken(tx, userId, made?.id ?? 0);
    });
  }

  override confine(
    userId: number,
    tokenId: number,
    { namespace, packages }: TokenConfinement,
    actor: Actor,
  ): Promise<TokenRecord | 'unknown namespace' | 'unknown package' | undefined> {
    return inTransaction(this.database, async (tx) => {
      const login = await lockUser(tx, userId); // no session is being opened with the token's bounds of before
      const bounds = await findBounds(tx, { namespace, packages });
      if (typeof bounds === 'string') return bounds;
      const { namespaceId, packageIds } = bounds;
      const confined = await tx.$executeRaw`
        UPDATE access_tokens t SET namespace_id = ${namespaceId}::int, package_ids = ${packageIds}::int[],
          access_version = access_version + 1
        WHERE id = ${tokenId} AND user_id = ${userId} AND kind = 'personal' AND ${IS_LIVE}`;
      if (confined === 0) return undefined;
      await tx.$executeRaw`
        UPDATE access_tokens SET namespace_id = ${namespaceId}::int, package_ids = ${packageIds}::int[],
          access_version = access_version + 1
        WHERE id IN (SELECT s.token_id FROM sessions s WHERE s.opened_by = ${tokenId})`;
      const data = { tokenId, namespace, packages };
      await recordAudit(tx, { actor, action: 'token.confine', target: login, data });
      return getToken(tx, userId, tokenId);
    });
  }

  override revoke(userId: number, tokenId: number, actor: Actor): Promise<boolean> {
    return inTransaction(this.database, async (tx) => {
      const login = await lockUser(tx, userId);
      if (!(await endToken(tx, userId, tokenId))) return false;
      await recordAudit(tx, { actor, action: 'token.revoke', target: login, data: { tokenId } });
      return true;
    });
  }

  override setSignedOn(
    userId: number,
    tokenId: number,
    organisation: string,
    isSignedOn: boolean,
    actor: Actor,
  ): Promise<boolean> {
    return inTransaction(this.database, async (tx) => {
      await lockUser(tx, userId); // no session is being opened with the token's authorisations of before
      const token = await findToken(tx, userId, tokenId);
      const namespaceId = token && (await findNamespace(tx, organisation));
      if (namespaceId === undefined) return false;
      const changed = isSignedOn
        ? await tx.$executeRaw`
            INSERT INTO access_token_sso (token_id, namespace_id) VALUES (${tokenId}, ${namespaceId}) ON CONFLICT DO NOTHING`
        : await tx.$executeRaw`
            DELETE FROM access_token_sso WHERE namespace_id = ${namespaceId} AND (token_id = ${tokenId}
              OR token_id IN (SELECT s.token_id FROM sessions s WHERE s.opened_by = ${tokenId}))`;
      if (changed === 0) return true;
      await tx.$executeRaw`UPDATE access_tokens SET access_version = access_version + 1 WHERE id = ${tokenId}`;
      const action = isSignedOn ? 'token.authorise_sign_on' : 'token.deauthorise_sign_on';
      await recordAudit(tx, { actor, action, target: organisation.toLowerCase(), data: { tokenId } });
      return true;
    });
  }

  override async recordUses(uses: Array<{ tokenId: number; at: Date }>): Promise<void> {
    const ids = uses.map(({ tokenId }) => tokenId);
    const times = uses.map(({ at }) => at);
    // In the order of their ids, so that two processes that flush at once never wait for each other in a circle.
    await this.database.$executeRaw`
      UPDATE access_tokens t SET last_used_at = u.at
      FROM (SELECT t.id, u.at FROM unnest(${ids}::int[], ${times}::timestamptz[]) AS u (id, at)
        JOIN access_tokens t ON t.id = u.id ORDER BY t.id FOR NO KEY UPDATE OF t) AS u
      WHERE t.id = u.id AND (t.last_used_at IS NULL OR t.last_used_at < u.at)`;
  }
}

async function findToken(tx: Transaction, userId: number, tokenId: number): Promise<TokenRecord | undefined> {
  const [row] = await tx.$queryRaw<Row[]>`
    ${TOKENS} WHERE t.id = ${tokenId} AND t.user_id = ${userId} AND ${IS_LIVE}`;
  return row && recordOf(row);
}

async function getToken(tx: Transaction, userId: number, tokenId: number): Promise<TokenRecord> {
  const token = await findToken(tx, userId, tokenId);
  if (!token) throw new Error('a token that was just made is not there');
  return token;
}

/** Changes to one user's tokens go one at a time, or two at once would get past a limit, or rotate one token twice. */
async function lockUser(tx: Transaction, userId: number): Promise<string> {
  const [user] = await tx.$queryRaw<Array<{ login: string }>>`
    SELECT login FROM users WHERE id = ${userId} FOR NO KEY UPDATE`;
  return user?.login ?? '';
}

async function isFull(tx: Transaction, userId: number): Promise<boolean> {
  const [{ count } = { count: 0 }] = await tx.$queryRaw<Array<{ count: number }>>`
    SELECT count(*)::int AS count FROM access_tokens t WHERE user_id = ${userId} AND kind = 'personal' AND ${IS_LIVE}`;
  return count >= MAX_TOKENS;
}

async function endToken(tx: Transaction, userId: number, tokenId: number): Promise<boolean> {
  const ended = await tx.$executeRaw`
    UPDATE access_tokens t SET revoked_at = now(), access_version = access_version + 1
    WHERE id = ${tokenId} AND user_id = ${userId} AND kind = 'personal' AND ${IS_LIVE}`;
  return ended > 0;
}

/** What a token is to be confined to, by id; null for nothing. */
async function findBounds(
  tx: Transaction,
  { namespace, packages }: TokenConfinement,
): Promise<{ namespaceId: number | null; packageIds: number[] | null } | 'unknown namespace' | 'unknown package'> {
  const namespaceId = namespace === undefined ? null : await findNamespace(tx, namespace);
  if (namespaceId === undefined) return 'unknown namespace';
  const packageIds = packages ? await findPackages(tx, packages) : null;
  if (packageIds && packageIds.length < new Set(packages).size) return 'unknown package';
  return { namespaceId, packageIds };
}

async function findNamespace(tx: Transaction, path: string): Promise<number | undefined> {
  const [namespace] = await tx.$queryRaw<Array<{ id: number }>>`
    SELECT id FROM namespaces WHERE path = ${path.toLowerCase()}`;
  return namespace?.id;
}

async function findPackages(tx: Transaction, names: string[]): Promise<number[]> {
  const rows = await tx.$queryRaw<Array<{ id: number }>>`
    SELECT DISTINCT p.id FROM package_names n JOIN packages p ON p.id = n.package_id
    WHERE n.full_name = ANY (${names}) AND p.deleted_at IS NULL`;
  return rows.map(({ id }) => id);
}

const recordOf = ({ namespace, packageIds, packages, expiresAt, lastUsedAt, ...row }: Row): TokenRecord => ({
  ...row,
  namespace: namespace ?? undefined,
  packageIds: packageIds ?? undefined,
  packages: packages ?? undefined,
  expiresAt: expiresAt ?? undefined,
  lastUsedAt: lastUsedAt ?? undefined,
});
