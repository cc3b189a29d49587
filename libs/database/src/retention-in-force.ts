import type { PolicyInForce, RetentionPolicy, RetentionRule } from '#registry';
import { type Database, Prisma } from './database.js';
import type { Transaction } from './transaction.js';

/** The policy's id and version in a query that has `r`: another one for every change. */
export const REVISION = Prisma.sql`(r.id || ':' || r.version)`;

export interface PolicyRow {
  tags: string | null;
  /** As JSON keeps it: without what is undefined. */
  keep: Array<Partial<RetentionRule>>;
}

export const policyOf = ({ tags, keep }: PolicyRow): RetentionPolicy => ({
  tags: tags ?? undefined,
  keep: keep.map(({ tags, newest, pushedWithin, pulledWithin }) => ({ tags, newest, pushedWithin, pulledWithin })),
});

/**
 * The policy that counts for a live package: its own, else its namespace's. With `locks` it can neither be changed nor removed
 * until the transaction's end.
 */
export async function findPolicyInForce(
  database: Database | Transaction,
  packageId: number,
  { locks }: { locks: boolean } = { locks: false },
): Promise<PolicyInForce | undefined> {
  const [row] = await database.$queryRaw<Array<PolicyRow & { isOwn: boolean; revision: string }>>`
    SELECT r.tags, r.keep, r.package_id IS NOT NULL AS "isOwn", ${REVISION} AS revision
    FROM retention_policies r JOIN packages p ON p.id = ${packageId} AND p.deleted_at IS NULL
    WHERE r.package_id = ${packageId} OR r.namespace_id = p.namespace_id
    ORDER BY r.package_id NULLS LAST LIMIT 1 ${locks ? Prisma.sql`FOR SHARE OF r` : Prisma.empty}`;
  return row && { ...policyOf(row), holder: row.isOwn ? 'package' : 'namespace', revision: row.revision };
}
