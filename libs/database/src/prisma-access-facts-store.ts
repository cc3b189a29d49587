import { type AccessFacts, AccessFactsStore, type PackageRole, type Principal, type TokenHolder } from '#auth';
import { type RepositoryName, splitRepositoryName } from '#oci';
import type { Visibility } from '#registry';
import { Batcher } from './batcher.js';
import type { Database } from './database.js';
import { Prisma } from './database.js';

interface FactsKey {
  principal: Principal;
  name: RepositoryName;
}

interface FactsRow extends TokenHolder {
  ord: number;
  isHolderValid: boolean;
  namespaceKind: 'user' | 'organisation' | null;
  namespaceRole: 'owner' | 'member' | null;
  packageId: number | null;
  visibility: Visibility;
  packageRole: PackageRole | null;
  isPublisher: boolean | null;
  isPublished: boolean;
}

export class PrismaAccessFactsStore extends AccessFactsStore {
  private readonly batcher = new Batcher((keys: FactsKey[]) => this.findMany(keys));

  constructor(private readonly database: Database) {
    super();
  }

  override find(principal: Principal, name: RepositoryName): Promise<AccessFacts | 'revoked'> {
    return this.batcher.find({ principal, name });
  }

  private async findMany(keys: FactsKey[]): Promise<Array<AccessFacts | 'revoked'>> {
    const users = keys.map(({ principal }) => (principal.kind === 'user' ? principal.userId : null));
    const tokens = keys.map(({ principal }) => (principal.kind === 'user' ? principal.tokenId : null));
    const names = keys.map(({ name }) => name);
    const owners = names.map((name) => splitRepositoryName(name).owner);
    const rows = await this.database.$queryRaw<FactsRow[]>`
      SELECT r.ord::int AS ord, u.id IS NOT NULL AS "isHolderValid",
        u.id AS "userId", t.id AS "tokenId", u.login, t.scopes,
        ns.kind AS "namespaceKind", CASE WHEN ns.user_id = r.user_id THEN 'owner' ELSE m.role END AS "namespaceRole",
        p.id AS "packageId", p.visibility, pr.role AS "packageRole",
        p.publisher_id = r.user_id AS "isPublisher", p.published_at IS NOT NULL AS "isPublished"
      FROM unnest(${users}::int[], ${tokens}::int[], ${names}::text[], ${owners}::text[])
        WITH ORDINALITY AS r(user_id, token_id, full_name, owner, ord)
      LEFT JOIN access_tokens t ON t.id = r.token_id AND t.user_id = r.user_id AND ${IS_ALIVE}
      LEFT JOIN users u ON u.id = t.user_id AND u.disabled_at IS NULL
      LEFT JOIN namespaces ns ON ns.path = r.owner
      LEFT JOIN members m ON m.namespace_id = ns.id AND m.user_id = r.user_id
      LEFT JOIN package_names n ON n.full_name = r.full_name AND (n.alias_until IS NULL OR n.alias_until > now())
      LEFT JOIN packages p ON p.id = n.package_id AND p.deleted_at IS NULL
      LEFT JOIN package_roles pr ON pr.package_id = p.id AND pr.user_id = r.user_id`;
    const found = new Map(rows.map((row) => [row.ord, row]));
    return keys.map(({ principal }, i) => {
      const row = found.get(i + 1);
      return !row || (principal.kind === 'user' && !row.isHolderValid) ? 'revoked' : factsOf(row);
    });
  }

  override async findTokenHolder(hash: Uint8Array): Promise<TokenHolder | undefined> {
    return this.findHolder(Prisma.sql`t.hash = ${new Uint8Array(hash)}`);
  }

  override async findPrincipal({ userId, tokenId }: Principal & { kind: 'user' }): Promise<TokenHolder | undefined> {
    return this.findHolder(Prisma.sql`t.id = ${tokenId} AND t.user_id = ${userId}`);
  }

  private async findHolder(isWanted: Prisma.Sql): Promise<TokenHolder | undefined> {
    const rows = await this.database.$queryRaw<TokenHolder[]>`
      SELECT t.user_id AS "userId", t.id AS "tokenId", u.login, t.scopes
      FROM access_tokens t JOIN users u ON u.id = t.user_id
      WHERE ${isWanted} AND ${IS_ALIVE} AND u.disabled_at IS NULL`;
    return rows[0];
  }
}

const IS_ALIVE = Prisma.sql`t.revoked_at IS NULL AND (t.expires_at IS NULL OR t.expires_at > now())`;

function factsOf(row: FactsRow): AccessFacts {
  return {
    subject: row.isHolderValid
      ? { userId: row.userId, tokenId: row.tokenId, login: row.login, scopes: row.scopes }
      : undefined,
    namespace: row.namespaceKind ? { kind: row.namespaceKind, role: row.namespaceRole ?? undefined } : undefined,
    package:
      row.packageId === null
        ? undefined
        : {
            id: row.packageId,
            visibility: row.visibility,
            role: row.packageRole ?? undefined,
            isPublisher: row.isPublisher ?? false,
            isPublished: row.isPublished,
          },
  };
}
