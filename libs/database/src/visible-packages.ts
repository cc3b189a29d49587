import { Prisma } from './database.js';

/**
 * Conditions on a row `p` of packages. They say for lists what `authorize()` says for one package; a test compares the two.
 */

/** The user has a right of their own on the package; undefined: an administrator, who has it on all. */
export function hasOwnRight(userId: number | undefined): Prisma.Sql {
  if (userId === undefined) return Prisma.sql`true`;
  return Prisma.sql`(
    p.namespace_id IN (SELECT id FROM namespaces WHERE user_id = ${userId}
      UNION ALL SELECT namespace_id FROM members WHERE user_id = ${userId} AND role = 'owner')
    OR (p.publisher_id = ${userId} AND ${isMember(userId)})
    OR p.id IN (SELECT package_id FROM package_roles WHERE user_id = ${userId})
    OR p.id IN (SELECT tr.package_id ${teamRoles(Prisma.sql`package_team_roles`, userId)})
    OR (p.inherits AND p.source_id IN (SELECT source_id FROM source_roles WHERE user_id = ${userId}
      UNION ALL SELECT tr.source_id ${teamRoles(Prisma.sql`source_team_roles`, userId)})))`;
}

/** The user may pull the package. */
export function isVisibleTo(userId: number | undefined): Prisma.Sql {
  if (userId === undefined) return Prisma.sql`true`;
  return Prisma.sql`(p.visibility = 'public' OR ${hasOwnRight(userId)}
    OR (p.visibility = 'internal' AND ${isMember(userId)}))`;
}

const isMember = (userId: number) =>
  Prisma.sql`p.namespace_id IN (SELECT namespace_id FROM members WHERE user_id = ${userId})`;

/** Rows of a table of teams' roles that the user has through a team of the package's namespace. */
const teamRoles = (roles: Prisma.Sql, userId: number) => Prisma.sql`
  FROM team_members tm JOIN teams ON teams.id = tm.team_id JOIN ${roles} tr ON tr.team_id = ANY (teams.lineage)
  WHERE tm.user_id = ${userId} AND tm.namespace_id = p.namespace_id`;
