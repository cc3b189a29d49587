import type { Transaction } from './transaction.js';

/** Takes a user's own roles in a namespace: who leaves keeps nothing of what membership gave. */
export async function dropRoles(tx: Transaction, namespaceId: number, userId: number): Promise<void> {
  await tx.$executeRaw`
    DELETE FROM package_roles r USING packages p
    WHERE p.id = r.package_id AND p.namespace_id = ${namespaceId} AND r.user_id = ${userId}`;
  await tx.$executeRaw`
    DELETE FROM source_roles r USING sources s
    WHERE s.id = r.source_id AND s.namespace_id = ${namespaceId} AND r.user_id = ${userId}`;
}
