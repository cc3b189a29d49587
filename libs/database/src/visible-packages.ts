import type { Viewer } from '#registry';
import { Prisma } from './database.js';

/**
 * Conditions on a row `p` of packages. They say for lists what `authorize()` says for one package; a test compares the two.
 */

/** The viewer has a right of their own on the package, an administrator on all, and a token that reaches it. */
export function hasOwnRight({ userId, tokenId }: Viewer): Prisma.Sql {
  return Prisma.sql`(${userId === undefined ? Prisma.sql`true` : hasRole(userId, ITS_NAMESPACE)}
    AND ${isReached(tokenId, userId, ITS_NAMESPACE)})`;
}

/**
 * The viewer may pull the package, which is in the namespace `namespaceId`: given as a number, what hangs on it alone is asked
 * once and not for each package.
 */
export function isVisibleTo({ userId, tokenId }: Viewer, namespaceId: number): Prisma.Sql {
  const namespace = Prisma.sql`${namespaceId}::int`;
  const isMine =
    userId === undefined
      ? Prisma.sql`true`
      : Prisma.sql`(${hasRole(userId, namespace)} OR (p.visibility = 'internal' AND ${isMember(userId, namespace)}))`;
  return Prisma.sql`(p.visibility = 'public' OR (${isMine} AND ${isReached(tokenId, userId, namespace)}))`;
}

const ITS_NAMESPACE = Prisma.sql`p.namespace_id`;

/** The token is not confined elsewhere, and signed on where that is asked for; administrators need not be. */
function isReached(tokenId: number, userId: number | undefined, namespace: Prisma.Sql): Prisma.Sql {
  const isSignedOn = Prisma.sql`(
    NOT EXISTS (SELECT FROM namespaces WHERE id = ${namespace} AND requires_sso)
    OR EXISTS (SELECT FROM access_token_sso s WHERE s.token_id = t.id AND s.namespace_id = ${namespace})
    OR EXISTS (SELECT FROM sessions s WHERE s.token_id = t.id AND s.is_sso))`;
  const packageIds = Prisma.sql`(SELECT package_ids FROM access_tokens WHERE id = ${tokenId})`;
  return Prisma.sql`(EXISTS (SELECT FROM access_tokens t WHERE t.id = ${tokenId}
      AND (t.namespace_id IS NULL OR t.namespace_id = ${namespace})
      AND ${userId === undefined ? Prisma.sql`true` : isSignedOn})
    AND (${packageIds} IS NULL OR p.id = ANY (${packageIds}::int[])))`;
}

/** Each set is the user's own and is read once: nothing in it depends on the row. */
const hasRole = (userId: number, namespace: Prisma.Sql): Prisma.Sql => Prisma.sql`(
  ${namespace} IN (SELECT id FROM namespaces WHERE user_id = ${userId}
    UNION ALL SELECT namespace_id FROM members WHERE user_id = ${userId} AND role = 'owner')
  OR (p.publisher_id = ${userId} AND ${isMember(userId, namespace)})
  OR p.id IN (SELECT package_id FROM package_roles WHERE user_id = ${userId})
  OR (p.id, ${namespace}) IN (SELECT tr.package_id, tm.namespace_id ${rolesOfTeams(Prisma.sql`package_team_roles`, userId)})
  OR (p.inherits AND (p.source_id IN (SELECT source_id FROM source_roles WHERE user_id = ${userId})
    OR (p.source_id, ${namespace}) IN
      (SELECT tr.source_id, tm.namespace_id ${rolesOfTeams(Prisma.sql`source_team_roles`, userId)}))))`;

export interface OwnedNamespace {
  id: number;
  path: string;
}

/**
 * Namespaces of which the user is an owner and that the token reaches as a whole. With `packagesInReach` this is where the
 * packages are on which the user has a right of their own, found from the user's own rows.
 */
export const ownedNamespaces = (userId: number, tokenId: number): Prisma.Sql => Prisma.sql`
  SELECT p.namespace_id AS id, p.path FROM (
    SELECT NULL::int AS id, id AS namespace_id, path FROM namespaces WHERE user_id = ${userId}
    UNION SELECT NULL, n.id, n.path FROM members m JOIN namespaces n ON n.id = m.namespace_id
      WHERE m.user_id = ${userId} AND m.role = 'owner') p
  WHERE ${isReached(tokenId, userId, ITS_NAMESPACE)}`;

/** Packages beside those of `ownedNamespaces` on which the user may have a right of their own: `hasOwnRight` says. */
export const packagesInReach = (userId: number, tokenId: number): Prisma.Sql => Prisma.sql`(
  SELECT id FROM packages WHERE publisher_id = ${userId}
  UNION SELECT package_id FROM package_roles WHERE user_id = ${userId}
  UNION SELECT tr.package_id ${rolesOfTeams(Prisma.sql`package_team_roles`, userId)}
  UNION SELECT linked.id FROM packages linked WHERE linked.inherits AND linked.source_id IN (
    SELECT source_id FROM source_roles WHERE user_id = ${userId}
    UNION SELECT tr.source_id ${rolesOfTeams(Prisma.sql`source_team_roles`, userId)})
  UNION SELECT unnest(package_ids) FROM access_tokens WHERE id = ${tokenId})`;

const isMember = (userId: number, namespace: Prisma.Sql) =>
  Prisma.sql`${namespace} IN (SELECT namespace_id FROM members WHERE user_id = ${userId})`;

/** Rows of a table of teams' roles that the user has through a team, which is of the namespace `tm.namespace_id`. */
const rolesOfTeams = (roles: Prisma.Sql, userId: number) => Prisma.sql`
  FROM team_members tm JOIN teams ON teams.id = tm.team_id JOIN ${roles} tr ON tr.team_id = ANY (teams.lineage)
  WHERE tm.user_id = ${userId}`;
