import { type NewTrustPolicy, type TrustPolicy, TrustPolicyStore } from '#auth';
import type { Actor } from '#registry';
import { recordAudit } from './audit.js';
import type { Database } from './database.js';
import { Prisma } from './database.js';
import { inTransaction } from './transaction.js';

/** More than anybody reads, and what one login may have to compare with. */
const MAX_POLICIES = 1000;

type Row = Omit<TrustPolicy, 'sourceId' | 'source' | 'sourceUrl'> & {
  sourceId: number | null;
  source: string | null;
  sourceUrl: string | null;
};

const POLICIES = Prisma.sql`
  SELECT p.id, p.namespace_id AS "namespaceId", n.path AS namespace, p.name, p.issuer, p.audience, p.conditions,
    p.source_id AS "sourceId", s.url AS source, p.source_url AS "sourceUrl", p.counts_pulls AS "countsPulls"
  FROM trust_policies p JOIN namespaces n ON n.id = p.namespace_id LEFT JOIN sources s ON s.id = p.source_id`;

export class PrismaTrustPolicyStore extends TrustPolicyStore {
  constructor(private readonly database: Database) {
    super();
  }

  override async findByIssuer(issuer: string, namespaces: readonly string[], after: number): Promise<TrustPolicy[]> {
    // What PostgreSQL cannot hold is nobody's issuer.
    if (issuer.includes('\0')) return [];
    const among = namespaces.length > 0 ? Prisma.sql`AND n.path = ANY (${[...namespaces]}::text[])` : Prisma.empty;
    const rows = await this.database.$queryRaw<Row[]>`
      ${POLICIES} WHERE p.issuer = ${issuer} ${among} AND p.id > ${after} ORDER BY p.id LIMIT ${MAX_POLICIES}`;
    return rows.map(policyOf);
  }

  override async findSource(namespaceId: number, url: string): Promise<number | undefined> {
    const [source] = await this.database.$queryRaw<Array<{ id: number }>>`
      SELECT id FROM sources WHERE namespace_id = ${namespaceId} AND url = ${url}`;
    return source?.id;
  }

  override async list(namespace: string, limit: number, after: number): Promise<TrustPolicy[] | undefined> {
    const rows = await this.database.$queryRaw<Row[]>`
      ${POLICIES} WHERE n.path = ${namespace} AND p.id > ${after} ORDER BY p.id LIMIT ${limit}`;
    if (rows.length > 0) return rows.map(policyOf);
    const known = await this.database.$queryRaw<unknown[]>`SELECT 1 FROM namespaces WHERE path = ${namespace}`;
    return known.length > 0 ? [] : undefined;
  }

  override create(namespace: string, policy: NewTrustPolicy, actor: Actor): Promise<TrustPolicy | 'full' | undefined> {
    const { name, issuer, audience, conditions, countsPulls, source } = policy;
    const template = source.includes('{') ? source : null;
    return inTransaction(this.database, async (tx) => {
      // One at a time in a namespace, or two at once would get past the limit.
      const [owner] = await tx.$queryRaw<Array<{ id: number }>>`
        SELECT id FROM namespaces WHERE path = ${namespace} FOR NO KEY UPDATE`;
      const [{ count } = { count: 0 }] = await tx.$queryRaw<Array<{ count: number }>>`
        SELECT count(*)::int AS count FROM trust_policies WHERE namespace_id = ${owner?.id ?? 0}::int`;
      if (count >= MAX_POLICIES) return 'full';
      const [made] = await tx.$queryRaw<Array<{ id: number }>>`
        INSERT INTO trust_policies (namespace_id, source_id, source_url, name, issuer, audience, conditions, counts_pulls)
        SELECT n.id, s.id, ${template}, ${name}, ${issuer}, ${audience}, ${JSON.stringify(conditions)}::jsonb, ${countsPulls}
        FROM namespaces n LEFT JOIN sources s ON s.namespace_id = n.id AND s.url = ${source}
        WHERE n.path = ${namespace} AND (s.id IS NULL) = (${template}::text IS NOT NULL)
        RETURNING id`;
      if (!made) return undefined;
      const data = { policyId: made.id, name, issuer, audience, conditions, source };
      await recordAudit(tx, { actor, action: 'trust_policy.create', target: namespace, data });
      const [row] = await tx.$queryRaw<Row[]>`${POLICIES} WHERE p.id = ${made.id}`;
      return row && policyOf(row);
    });
  }

  override remove(namespace: string, policyId: number, actor: Actor): Promise<boolean> {
    return inTransaction(this.database, async (tx) => {
      const [removed] = await tx.$queryRaw<Array<{ name: string }>>`
        DELETE FROM trust_policies p USING namespaces n
        WHERE p.id = ${policyId} AND n.path = ${namespace} AND n.id = p.namespace_id
        RETURNING p.name`;
      if (!removed) return false;
      const data = { policyId, name: removed.name };
      await recordAudit(tx, { actor, action: 'trust_policy.delete', target: namespace, data });
      return true;
    });
  }
}

const policyOf = ({ sourceId, source, sourceUrl, ...row }: Row): TrustPolicy => ({
  ...row,
  sourceId: sourceId ?? undefined,
  source: source ?? undefined,
  sourceUrl: sourceUrl ?? undefined,
});
