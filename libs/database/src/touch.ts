import type { Transaction } from './transaction.js';

/**
 * Raises a namespace's access version in the transaction that changes who may do what in it; the row's lock lines such
 * changes up. Answers the login, for the audit log.
 */
export async function touchNamespace(tx: Transaction, namespaceId: number): Promise<string> {
  const [row] = await tx.$queryRaw<Array<{ login: string }>>`
    UPDATE namespaces SET access_version = access_version + 1 WHERE id = ${namespaceId} RETURNING login`;
  return row?.login ?? '';
}

/** The same for one package. Answers what the audit log calls it, and its namespace; undefined when it is gone. */
export async function touchPackage(
  tx: Transaction,
  packageId: number,
): Promise<{ target: string; namespaceId: number } | undefined> {
  const [row] = await tx.$queryRaw<Array<{ name: string | null; namespaceId: number }>>`
    UPDATE packages p SET access_version = access_version + 1 WHERE id = ${packageId} AND deleted_at IS NULL
    RETURNING namespace_id AS "namespaceId",
      (SELECT full_name FROM package_names n WHERE n.package_id = p.id AND n.alias_until IS NULL) AS name`;
  return row && { target: row.name ?? `package ${packageId}`, namespaceId: row.namespaceId };
}
