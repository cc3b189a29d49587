import type { Transaction } from './transaction.js';

/** Has the tags of a package judged anew by its retention policy, if there is one: what was kept before may not be now. */
export async function judgeAgain(tx: Transaction, packageId: number): Promise<void> {
  await tx.$executeRaw`
    INSERT INTO retention_looks (package_id, policy, looked_at, due_at) VALUES (${packageId}, '', now(), now())
    ON CONFLICT (package_id) DO UPDATE SET due_at = now()`;
}
