import { MAX_TEAM_DEPTH, type Member, type Team, type TeamChange, type TeamRefusal, TeamStore } from '#auth';
import type { Actor, NumberedList, NumberedPage } from '#registry';
import { recordAudit } from './audit.js';
import { type Database, Prisma } from './database.js';
import { numbered, pageBy } from './numbered.js';
import { touchNamespace } from './touch.js';
import { inTransaction, type Transaction } from './transaction.js';

interface TeamRow {
  id: number;
  slug: string;
  name: string;
  description: string;
  lineage: number[];
  parentId: number | null;
  parentSlug: string;
  parentName: string;
}

const COLUMNS = Prisma.sql`t.id, t.slug, t.name, t.description, t.lineage,
  p.id AS "parentId", p.slug AS "parentSlug", p.name AS "parentName"
  FROM teams t LEFT JOIN teams p ON p.id = t.parent_id`;

export class PrismaTeamStore extends TeamStore {
  constructor(private readonly database: Database) {
    super();
  }

  override async list(
    namespaceId: number,
    parent: string | undefined,
    page: NumberedPage,
  ): Promise<NumberedList<Team>> {
    const { from, cut } = pageBy(Prisma.sql`t.slug`, page);
    const isWanted = Prisma.sql`t.namespace_id = ${namespaceId}
      AND (${parent ?? null}::text IS NULL OR t.parent_id IN
        (SELECT id FROM teams WHERE namespace_id = ${namespaceId} AND slug = ${parent ?? null}))`;
    const rows = await this.database.$queryRaw<TeamRow[]>`SELECT ${COLUMNS} WHERE ${isWanted} AND ${from} ${cut}`;
    const [count] = await this.database.$queryRaw<Array<{ total: number }>>`
      SELECT count(*)::int AS total FROM teams t WHERE ${isWanted}`;
    return numbered(rows.map(teamOf), page, count?.total, ({ slug }) => slug);
  }

  override async find(namespaceId: number, slug: string): Promise<Team | undefined> {
    const row = await findRow(this.database, namespaceId, slug);
    return row && teamOf(row);
  }

  override create(
    namespaceId: number,
    team: { name: string; slug: string; description: string; parentId: number | undefined },
    actor: Actor,
  ): Promise<Team | TeamRefusal> {
    return inTransaction(this.database, async (tx) => {
      const organisation = await touchNamespace(tx, namespaceId);
      const { name, slug, description, parentId } = team;
      const around = await lineageOf(tx, namespaceId, parentId ?? null);
      if (around === undefined) return 'unknown parent';
      if (around.length >= MAX_TEAM_DEPTH) return 'too deep';
      if (await findRow(tx, namespaceId, slug)) return 'name taken';
      await tx.$executeRaw`
        INSERT INTO teams (id, namespace_id, slug, name, description, parent_id, lineage)
        OVERRIDING SYSTEM VALUE
        SELECT id, ${namespaceId}, ${slug}, ${name}, ${description}, ${parentId ?? null}::int, ${around}::int[] || id
        FROM (SELECT nextval(pg_get_serial_sequence('teams', 'id'))::int AS id) AS new`;
      const target = `${organisation}/${slug}`;
      await recordAudit(tx, { actor, action: 'team.create', target, data: { name, parentId: parentId ?? null } });
      return teamOf((await findRow(tx, namespaceId, slug)) as TeamRow);
    });
  }

  override change(
    namespaceId: number,
    slug: string,
    change: TeamChange,
    actor: Actor,
  ): Promise<Team | TeamRefusal | 'unknown'> {
    return inTransaction(this.database, async (tx) => {
      const organisation = await touchNamespace(tx, namespaceId);
      const team = await findRow(tx, namespaceId, slug);
      if (!team) return 'unknown';
      const newSlug = change.slug ?? slug;
      if (newSlug !== slug && (await findRow(tx, namespaceId, newSlug))) return 'name taken';
      if (change.parentId !== undefined && change.parentId !== team.parentId) {
        const refusal = await move(tx, namespaceId, team, change.parentId);
        if (refusal) return refusal;
      }
      await tx.$executeRaw`
        UPDATE teams SET slug = ${newSlug}, name = ${change.name ?? team.name},
          description = ${change.description ?? team.description} WHERE id = ${team.id}`;
      await recordAudit(tx, { actor, action: 'team.change', target: `${organisation}/${slug}`, data: { ...change } });
      return teamOf((await findRow(tx, namespaceId, newSlug)) as TeamRow);
    });
  }

  override remove(namespaceId: number, slug: string, actor: Actor): Promise<boolean> {
    return inTransaction(this.database, async (tx) => {
      const organisation = await touchNamespace(tx, namespaceId);
      const team = await findRow(tx, namespaceId, slug);
      if (!team) return false;
      // innermost first: a team cannot go while one is in it
      for (let depth = MAX_TEAM_DEPTH; depth >= team.lineage.length; depth--) {
        await tx.$executeRaw`
          DELETE FROM teams
          WHERE namespace_id = ${namespaceId} AND lineage @> ARRAY[${team.id}::int] AND cardinality(lineage) = ${depth}`;
      }
      await recordAudit(tx, { actor, action: 'team.delete', target: `${organisation}/${slug}` });
      return true;
    });
  }

  override async listMembers(namespaceId: number, slug: string, page: NumberedPage): Promise<NumberedList<Member>> {
    const { from, cut } = pageBy(Prisma.sql`u.login_key`, page);
    const among = Prisma.sql`teams t JOIN team_members tm ON tm.team_id = t.id JOIN users u ON u.id = tm.user_id
      JOIN members m ON m.namespace_id = tm.namespace_id AND m.user_id = tm.user_id
      WHERE t.namespace_id = ${namespaceId} AND t.slug = ${slug}`;
    const items = await this.database.$queryRaw<Member[]>`
      SELECT u.id, u.login, m.role FROM ${among} AND ${from} ${cut}`;
    const [count] = await this.database.$queryRaw<
      Array<{ total: number }>
    >`SELECT count(*)::int AS total FROM ${among}`;
    return numbered(items, page, count?.total, ({ login }) => login.toLowerCase());
  }

  override async hasMember(namespaceId: number, slug: string, login: string): Promise<boolean> {
    const rows = await this.database.$queryRaw<unknown[]>`
      SELECT 1 FROM teams t JOIN team_members tm ON tm.team_id = t.id JOIN users u ON u.id = tm.user_id
      WHERE t.namespace_id = ${namespaceId} AND t.slug = ${slug} AND u.login_key = ${login.toLowerCase()}`;
    return rows.length > 0;
  }

  override addMember(
    namespaceId: number,
    slug: string,
    login: string,
    actor: Actor,
  ): Promise<'added' | 'unknown team' | 'no member of the organisation'> {
    return inTransaction(this.database, async (tx) => {
      const organisation = await touchNamespace(tx, namespaceId);
      const team = await findRow(tx, namespaceId, slug);
      if (!team) return 'unknown team';
      const [member] = await tx.$queryRaw<Array<{ id: number }>>`
        SELECT u.id FROM users u JOIN members m ON m.user_id = u.id AND m.namespace_id = ${namespaceId}
        WHERE u.login_key = ${login.toLowerCase()}`;
      if (!member) return 'no member of the organisation';
      await tx.$executeRaw`
        INSERT INTO team_members (team_id, user_id, namespace_id) VALUES (${team.id}, ${member.id}, ${namespaceId})
        ON CONFLICT DO NOTHING`;
      await recordAudit(tx, { actor, action: 'team.add', target: `${organisation}/${slug}`, data: { login } });
      return 'added';
    });
  }

  override removeMember(namespaceId: number, slug: string, login: string, actor: Actor): Promise<boolean> {
    return inTransaction(this.database, async (tx) => {
      const organisation = await touchNamespace(tx, namespaceId);
      const removed = await tx.$executeRaw`
        DELETE FROM team_members tm USING teams t, users u
        WHERE t.id = tm.team_id AND t.namespace_id = ${namespaceId} AND t.slug = ${slug}
          AND u.id = tm.user_id AND u.login_key = ${login.toLowerCase()}`;
      if (removed === 0) return false;
      await recordAudit(tx, { actor, action: 'team.remove', target: `${organisation}/${slug}`, data: { login } });
      return true;
    });
  }
}

async function findRow(
  database: Database | Transaction,
  namespaceId: number,
  slug: string,
): Promise<TeamRow | undefined> {
  const rows = await database.$queryRaw<TeamRow[]>`
    SELECT ${COLUMNS} WHERE t.namespace_id = ${namespaceId} AND t.slug = ${slug}`;
  return rows[0];
}

/** The lineage of a team to be; empty for none, undefined for one that is not in the namespace. */
async function lineageOf(tx: Transaction, namespaceId: number, teamId: number | null): Promise<number[] | undefined> {
  if (teamId === null) return [];
  const [row] = await tx.$queryRaw<Array<{ lineage: number[] }>>`
    SELECT lineage FROM teams WHERE id = ${teamId} AND namespace_id = ${namespaceId}`;
  return row?.lineage;
}

/** Puts a team, with all teams in it, into another or outermost. Answers why not. */
async function move(
  tx: Transaction,
  namespaceId: number,
  team: TeamRow,
  parentId: number | null,
): Promise<TeamRefusal | undefined> {
  const around = await lineageOf(tx, namespaceId, parentId);
  if (around === undefined) return 'unknown parent';
  if (around.includes(team.id)) return 'inside itself';
  const depth = team.lineage.length;
  const [deepest] = await tx.$queryRaw<Array<{ depth: number }>>`
    SELECT max(cardinality(lineage))::int AS depth FROM teams
    WHERE namespace_id = ${namespaceId} AND lineage @> ARRAY[${team.id}::int]`;
  if (around.length + (deepest?.depth ?? depth) - depth + 1 > MAX_TEAM_DEPTH) return 'too deep';
  await tx.$executeRaw`
    UPDATE teams SET lineage = ${around}::int[] || lineage[${depth}::int:],
      parent_id = CASE WHEN id = ${team.id} THEN ${parentId}::int ELSE parent_id END
    WHERE namespace_id = ${namespaceId} AND lineage @> ARRAY[${team.id}::int]`;
  return undefined;
}

function teamOf({ id, slug, name, description, parentId, parentSlug, parentName }: TeamRow): Team {
  const parent = parentId === null ? undefined : { id: parentId, slug: parentSlug, name: parentName };
  return { id, slug, name, description, parent };
}
