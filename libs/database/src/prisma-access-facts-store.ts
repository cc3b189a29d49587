import {
  type AccessFacts,
  AccessFactsStore,
  ANONYMOUS,
  NO_LIMITS,
  type PackageRole,
  type Principal,
  type Subject,
  TOKEN_SCOPES,
  type TokenHolder,
  type WorkflowPrincipal,
} from '#auth';
import { Batcher } from '#batching';
import { type RepositoryName, splitRepositoryName } from '#oci';
import type { Visibility } from '#registry';
import type { Database } from './database.js';
import { Prisma } from './database.js';

interface FactsKey {
  /** A deleted package in the place of the live one. */
  deletedId?: number;
  principal: Principal;
  name: RepositoryName;
}

interface FactsRow extends TokenHolder {
  ord: number;
  isAlive: boolean;
  isConfinedElsewhere: boolean | null;
  lacksSignOn: boolean | null;
  namespaceId: number | null;
  namespaceKind: 'user' | 'organisation';
  namespaceRole: 'owner' | 'member' | null;
  packageId: number | null;
  visibility: Visibility;
  directRank: number | null;
  teamRank: number | null;
  inheritedRank: number | null;
  isPublisher: boolean | null;
  isPublished: boolean;
}

const ROLES: readonly PackageRole[] = ['read', 'write', 'admin'];
/** Roles as numbers from 1, so that the highest of several is their max(). */
const rankOf = (role: Prisma.Sql) => Prisma.sql`array_position(ARRAY['read', 'write', 'admin'], ${role})`;

const IS_ALIVE = Prisma.sql`t.revoked_at IS NULL AND (t.expires_at IS NULL OR t.expires_at > now())`;

/** The highest role of the user's teams, outer ones included, in a table of roles that are given to teams. */
const rankOfTeams = (roles: Prisma.Sql, on: Prisma.Sql) => Prisma.sql`(
  SELECT max(${rankOf(Prisma.sql`tr.role`)}) FROM team_members tm JOIN teams ON teams.id = tm.team_id
  JOIN ${roles} tr ON tr.team_id = ANY (teams.lineage) AND ${on}
  WHERE tm.user_id = r.user_id AND tm.namespace_id = p.namespace_id)`;

/** What a token is confined to: a namespace, or packages, a name not pushed yet being none of them. */
const IS_CONFINED_ELSEWHERE = Prisma.sql`(
  t.namespace_id IS NOT NULL AND t.namespace_id IS DISTINCT FROM ns.id
  OR t.package_ids IS NOT NULL AND (p.id IS NULL OR p.id <> ALL (t.package_ids)))`;

/** The operator API acts on the whole instance: a confined token does not open it, whatever scope it has. */
const SCOPES_OF_HOLDER = Prisma.sql`CASE WHEN t.namespace_id IS NULL AND t.package_ids IS NULL THEN t.scopes
  ELSE array_remove(t.scopes, 'admin:registry') END`;

/** The session of somebody who signed in there needs no authorisation of its own. */
const LACKS_SIGN_ON = Prisma.sql`(ns.requires_sso
  AND NOT EXISTS (SELECT FROM access_token_sso ts WHERE ts.token_id = t.id AND ts.namespace_id = ns.id)
  AND NOT EXISTS (SELECT FROM sessions WHERE sessions.token_id = t.id AND sessions.is_sso))`;

const factsOfMany = (
  users: Array<number | null>,
  tokens: Array<number | null>,
  policies: Array<number | null>,
  sources: Array<number | null>,
  names: string[],
  owners: string[],
  deleted: Array<number | null>,
) => Prisma.sql`
  SELECT r.ord::int AS ord,
    CASE WHEN r.source_id IS NULL THEN u.id IS NOT NULL ELSE tp.id IS NOT NULL END AS "isAlive",
    ${IS_CONFINED_ELSEWHERE} AS "isConfinedElsewhere", ${LACKS_SIGN_ON} AS "lacksSignOn",
    u.id AS "userId", t.id AS "tokenId", u.login, t.scopes,
    ns.id AS "namespaceId", ns.kind AS "namespaceKind",
    CASE WHEN ns.user_id = r.user_id THEN 'owner' ELSE m.role END AS "namespaceRole",
    p.id AS "packageId", p.visibility,
    CASE WHEN r.source_id IS NULL THEN ${rankOf(Prisma.sql`pr.role`)} ELSE ${rankOf(Prisma.sql`wr.role`)} END AS "directRank",
    ${rankOfTeams(Prisma.sql`package_team_roles`, Prisma.sql`tr.package_id = p.id`)} AS "teamRank",
    CASE WHEN NOT p.inherits THEN NULL WHEN p.source_id = r.source_id THEN 2 ELSE greatest(
      (SELECT ${rankOf(Prisma.sql`sr.role`)} FROM source_roles sr WHERE sr.source_id = p.source_id AND sr.user_id = r.user_id),
      ${rankOfTeams(Prisma.sql`source_team_roles`, Prisma.sql`tr.source_id = p.source_id`)}) END AS "inheritedRank",
    p.publisher_id = r.user_id AS "isPublisher", p.published_at IS NOT NULL AS "isPublished"
  FROM unnest(${users}::int[], ${tokens}::int[], ${policies}::int[], ${sources}::int[], ${names}::text[], ${owners}::text[],
    ${deleted}::int[]) WITH ORDINALITY AS r(user_id, token_id, policy_id, source_id, full_name, owner, deleted_id, ord)
  LEFT JOIN access_tokens t ON t.id = r.token_id AND t.user_id = r.user_id AND ${IS_ALIVE}
  -- without a token only in findForUser
  LEFT JOIN users u ON u.id = r.user_id AND (r.token_id IS NULL OR t.id IS NOT NULL) AND u.disabled_at IS NULL
  LEFT JOIN sources w ON w.id = r.source_id
  LEFT JOIN trust_policies tp ON tp.id = r.policy_id
    AND (tp.source_id = w.id OR tp.source_id IS NULL AND tp.namespace_id = w.namespace_id)
  LEFT JOIN namespaces ns ON ns.path = r.owner
  LEFT JOIN members m ON m.namespace_id = ns.id AND m.user_id = r.user_id
  LEFT JOIN package_names n ON n.full_name = r.full_name AND (n.alias_until IS NULL OR n.alias_until > now())
  LEFT JOIN packages p ON p.id = coalesce(r.deleted_id, n.package_id) AND (p.deleted_at IS NULL) = (r.deleted_id IS NULL)
  LEFT JOIN package_roles pr ON pr.package_id = p.id AND pr.user_id = r.user_id
  LEFT JOIN package_workflow_roles wr ON wr.package_id = p.id AND wr.source_id = r.source_id`;

export class PrismaAccessFactsStore extends AccessFactsStore {
  private readonly batcher = new Batcher((keys: FactsKey[]) => this.findMany(keys));

  constructor(private readonly database: Database) {
    super();
  }

  override find(principal: Principal, name: RepositoryName): Promise<AccessFacts | 'revoked'> {
    return this.batcher.find({ principal, name });
  }

  override findOfDeleted(
    principal: Principal,
    name: RepositoryName,
    packageId: number,
  ): Promise<AccessFacts | 'revoked'> {
    return this.batcher.find({ principal, name, deletedId: packageId });
  }

  override async findForUser(login: string | undefined, name: RepositoryName): Promise<AccessFacts> {
    const [user] = await this.database.$queryRaw<Array<{ id: number }>>`
      SELECT id FROM users WHERE login_key = ${login?.toLowerCase() ?? ''} AND disabled_at IS NULL`;
    const { owner } = splitRepositoryName(name);
    const [row] = await this.lookUp(factsOfMany([user?.id ?? null], [null], [null], [null], [name], [owner], [null]));
    if (!row) throw new Error('facts without a row');
    if (!user) return factsOf(ANONYMOUS, row);
    const full = { ...row, tokenId: 0, scopes: [...TOKEN_SCOPES].filter((scope) => scope !== 'admin:registry') };
    const facts = factsOf({ kind: 'user', userId: user.id, tokenId: 0 }, full);
    return { ...facts, limits: NO_LIMITS };
  }

  private async findMany(keys: FactsKey[]): Promise<Array<AccessFacts | 'revoked'>> {
    const users = keys.map(({ principal }) => (principal.kind === 'user' ? principal.userId : null));
    const tokens = keys.map(({ principal }) => (principal.kind === 'user' ? principal.tokenId : null));
    const policies = keys.map(({ principal }) => (principal.kind === 'workflow' ? principal.policyId : null));
    const sources = keys.map(({ principal }) => (principal.kind === 'workflow' ? principal.sourceId : null));
    const names = keys.map(({ name }) => name);
    const owners = names.map((name) => splitRepositoryName(name).owner);
    const deleted = keys.map(({ deletedId }) => deletedId ?? null);
    const rows = await this.lookUp(factsOfMany(users, tokens, policies, sources, names, owners, deleted));
    const found = new Map(rows.map((row) => [row.ord, row]));
    return keys.map(({ principal }, i) => {
      const row = found.get(i + 1);
      return !row || (principal.kind !== 'anonymous' && !row.isAlive) ? 'revoked' : factsOf(principal, row);
    });
  }

  private lookUp(facts: Prisma.Sql): Promise<FactsRow[]> {
    return this.database.lookUps.find('access-facts', facts);
  }

  override async findTokenHolder(hash: Uint8Array): Promise<TokenHolder | undefined> {
    // The secret of a session is a cookie's: it is no password.
    return this.findHolder(Prisma.sql`t.hash = ${new Uint8Array(hash)} AND t.kind = 'personal'`);
  }

  override async findSubject(principal: Principal): Promise<Subject | undefined> {
    if (principal.kind === 'anonymous') return undefined;
    if (principal.kind === 'workflow') return (await this.isTrusted(principal)) ? principal : undefined;
    const { userId, tokenId } = principal;
    const holder = await this.findHolder(Prisma.sql`t.id = ${tokenId} AND t.user_id = ${userId}`);
    return holder && { kind: 'user', ...holder };
  }

  private async isTrusted({ policyId, sourceId }: WorkflowPrincipal): Promise<boolean> {
    const rows = await this.database.$queryRaw<unknown[]>`
      SELECT 1 FROM sources w JOIN trust_policies tp ON tp.namespace_id = w.namespace_id
      WHERE w.id = ${sourceId} AND tp.id = ${policyId} AND (tp.source_id IS NULL OR tp.source_id = w.id)`;
    return rows.length > 0;
  }

  private async findHolder(isWanted: Prisma.Sql): Promise<TokenHolder | undefined> {
    const rows = await this.database.$queryRaw<TokenHolder[]>`
      SELECT t.user_id AS "userId", t.id AS "tokenId", u.login, ${SCOPES_OF_HOLDER} AS scopes
      FROM access_tokens t JOIN users u ON u.id = t.user_id
      WHERE ${isWanted} AND ${IS_ALIVE} AND u.disabled_at IS NULL`;
    return rows[0];
  }
}

function factsOf(principal: Principal, row: FactsRow): AccessFacts {
  const { userId, tokenId, login, scopes } = row;
  return {
    subject:
      principal.kind === 'user'
        ? { kind: 'user', userId, tokenId, login, scopes }
        : principal.kind === 'workflow'
          ? principal
          : undefined,
    limits:
      principal.kind === 'user'
        ? { isConfinedElsewhere: row.isConfinedElsewhere ?? false, lacksSignOn: row.lacksSignOn ?? false }
        : NO_LIMITS,
    namespace:
      row.namespaceId === null
        ? undefined
        : { id: row.namespaceId, kind: row.namespaceKind, role: row.namespaceRole ?? undefined },
    package:
      row.packageId === null
        ? undefined
        : {
            id: row.packageId,
            visibility: row.visibility,
            roles: { direct: roleOf(row.directRank), team: roleOf(row.teamRank), inherited: roleOf(row.inheritedRank) },
            isPublisher: row.isPublisher ?? false,
            isPublished: row.isPublished,
          },
  };
}

const roleOf = (rank: number | null): PackageRole | undefined => (rank === null ? undefined : ROLES[rank - 1]);
