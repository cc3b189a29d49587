import { type GcPass, type Judging, RetentionWork, type SeenTag } from '#registry';
import { type Database, Prisma } from './database.js';
import { collecting } from './gc/collecting.js';
import { removeRetainedTags } from './gc/remove-tags.js';
import { timeOf } from './prisma-retention-store.js';
import { REVISION } from './retention-in-force.js';

interface Candidate {
  namespaceId: number;
  id: number;
  isDue: boolean;
}

/** Transactions that were under way when a package was looked at last may have come to light after. */
const SLACK = Prisma.sql`interval '1 minute'`;

/** In a query with `p` and its policy `r`: whether judging the package's tags may come to something new. */
const IS_DUE = Prisma.sql`
  (t.pushed_at IS NOT NULL AND (l.package_id IS NULL OR l.policy <> ${REVISION} OR coalesce(l.due_at <= now(), false)
    OR t.pushed_at > l.looked_at - ${SLACK}))`;
const LOOKS = Prisma.sql`
  LEFT JOIN retention_looks l ON l.package_id = p.id
  LEFT JOIN LATERAL (
    SELECT pushed_at FROM tags WHERE package_id = p.id ORDER BY pushed_at DESC LIMIT 1) t ON true`;

export class PrismaRetentionWork extends RetentionWork {
  /** `rules` in seconds: those of `PrismaGarbage`. */
  constructor(
    private readonly database: Database,
    private readonly rules: { restoreWindow: number; untaggedAfter: number | undefined },
  ) {
    super();
  }

  /** First packages with a policy of their own, then those of namespaces with one: `own|PACKAGE`, `all|NAMESPACE|PACKAGE`. */
  override async findPackages(limit: number, after: string | undefined) {
    const [kind = 'own', first = '0', second = '0'] = (after ?? '').split('|').filter(Boolean);
    const rows = await (kind === 'own'
      ? this.withOwn(limit, Number(first))
      : this.withNamespaces(limit, Number(first), Number(second)));
    const packageIds = rows.filter(({ isDue }) => isDue).map(({ id }) => id);
    const last = rows.length === limit ? rows.at(-1) : undefined;
    if (kind === 'own') return { packageIds, next: last ? `own|${last.id}` : 'all|0|0' };
    return { packageIds, next: last && `all|${last.namespaceId}|${last.id}` };
  }

  private withOwn(limit: number, after: number): Promise<Candidate[]> {
    return this.database.$queryRaw<Candidate[]>`
      SELECT p.id, p.namespace_id AS "namespaceId", p.deleted_at IS NULL AND ${IS_DUE} AS "isDue"
      FROM retention_policies r JOIN packages p ON p.id = r.package_id ${LOOKS}
      WHERE r.package_id > ${after} AND p.id > ${after} ORDER BY r.package_id LIMIT ${limit}`;
  }

  private withNamespaces(limit: number, namespaceId: number, after: number): Promise<Candidate[]> {
    return this.database.$queryRaw<Candidate[]>`
      SELECT p.id, p.namespace_id AS "namespaceId", p.deleted_at IS NULL AND ${IS_DUE}
        AND (SELECT true FROM retention_policies o WHERE o.package_id = p.id) IS NULL AS "isDue"
      FROM retention_policies r
      CROSS JOIN LATERAL (
        SELECT id, namespace_id, deleted_at FROM packages
        WHERE namespace_id = r.namespace_id AND (namespace_id, id) > (${namespaceId}::int, ${after}::int)
        ORDER BY id LIMIT ${limit}
      ) p ${LOOKS}
      WHERE r.namespace_id >= ${namespaceId} ORDER BY r.namespace_id, p.id LIMIT ${limit}`;
  }

  override removeTags(judging: Judging, tags: readonly SeenTag[], pass: GcPass) {
    return collecting(this.database, pass, (tx, taken, decided) =>
      removeRetainedTags(tx, { ...judging, tags }, this.rules, taken, decided),
    );
  }

  override async looked(packageId: number, revision: string, at: number, dueAt: number | undefined): Promise<void> {
    const due = dueAt === undefined ? Prisma.sql`NULL::timestamptz` : timeOf(dueAt);
    // Who had the package judged again meanwhile was not heard by those who were judging.
    await this.database.$executeRaw`
      INSERT INTO retention_looks AS l (package_id, policy, looked_at, due_at)
      SELECT id, ${revision}, ${timeOf(at)}, ${due} FROM packages WHERE id = ${packageId}
      ON CONFLICT (package_id) DO UPDATE
        SET policy = excluded.policy, looked_at = excluded.looked_at,
          due_at = CASE WHEN l.due_at BETWEEN excluded.looked_at - ${SLACK} AND now() THEN l.due_at ELSE excluded.due_at END`;
  }
}
