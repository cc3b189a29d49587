import type { Actor } from '#registry';
import { recordAudit } from './audit.js';
import { dropRoles } from './drop-roles.js';
import type { Transaction } from './transaction.js';

interface Wanted {
  namespaceId: number;
  path: string;
  /** Whether any of the user's groups makes them a member. */
  isMember: boolean;
  /** Of the teams with groups, those that the user's groups are for. */
  teams: number[];
  /** All teams with groups. */
  mapped: number[];
}

/**
 * Makes a user's memberships what their groups say, in every organisation that takes members from groups: they are replaced,
 * never added to. Owners, whom owners name, stay; so do members of teams that no group is for.
 */
export async function applyGroups(tx: Transaction, userId: number, groups: string[], actor: Actor): Promise<void> {
  const organisations = await tx.$queryRaw<Wanted[]>`
    SELECT n.id AS "namespaceId", n.path, bool_or(g.group_name = ANY (${groups})) AS "isMember",
      coalesce(array_agg(DISTINCT g.team_id) FILTER (WHERE g.team_id IS NOT NULL AND g.group_name = ANY (${groups})), '{}') AS teams,
      coalesce(array_agg(DISTINCT g.team_id) FILTER (WHERE g.team_id IS NOT NULL), '{}') AS mapped
    FROM sso_groups g JOIN namespaces n ON n.id = g.namespace_id
    WHERE g.namespace_id IN (SELECT namespace_id FROM sso_groups WHERE group_name = ANY (${groups})
      UNION SELECT namespace_id FROM members WHERE user_id = ${userId})
    GROUP BY n.id ORDER BY n.id`;
  for (const wanted of organisations) await applyTo(tx, userId, wanted, actor);
}

async function applyTo(tx: Transaction, userId: number, wanted: Wanted, actor: Actor): Promise<void> {
  const { namespaceId, isMember, teams, mapped, path } = wanted;
  // The row's lock lines this up with everything else that changes the organisation's members.
  await tx.$executeRaw`UPDATE namespaces SET access_version = access_version + 1 WHERE id = ${namespaceId}`;
  const joined = isMember
    ? await tx.$executeRaw`
        INSERT INTO members (namespace_id, user_id, role) VALUES (${namespaceId}, ${userId}, 'member') ON CONFLICT DO NOTHING`
    : 0;
  // Their teams go with the membership.
  const left = isMember
    ? 0
    : await tx.$executeRaw`
        DELETE FROM members WHERE namespace_id = ${namespaceId} AND user_id = ${userId} AND role = 'member'`;
  if (left > 0) await dropRoles(tx, namespaceId, userId);
  const removed = await tx.$executeRaw`
    DELETE FROM team_members
    WHERE user_id = ${userId} AND team_id = ANY (${mapped}::int[]) AND team_id <> ALL (${teams}::int[])`;
  const added = await tx.$executeRaw`
    INSERT INTO team_members (team_id, user_id, namespace_id)
    SELECT id, ${userId}, namespace_id FROM teams WHERE id = ANY (${teams}::int[]) ORDER BY id ON CONFLICT DO NOTHING`;
  if (joined + left + removed + added === 0) return;
  const data = { login: actor.login, isMember, teams };
  await recordAudit(tx, { actor, action: 'member.set_by_groups', target: path, data });
}
