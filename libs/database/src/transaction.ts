import { setTimeout as sleep } from 'node:timers/promises';
import type { Database, Prisma } from './database.js';

export type Transaction = Prisma.TransactionClient;

const MAX_ATTEMPTS = 5;

/**
 * Runs `work` in one READ COMMITTED transaction, again if PostgreSQL broke it off for a deadlock or a serialization
 * failure. `work` may run several times and touches nothing but the database.
 */
export async function inTransaction<T>(database: Database, work: (tx: Transaction) => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await database.$transaction(work, { maxWait: 10_000, timeout: 10_000 });
    } catch (error) {
      if (attempt === MAX_ATTEMPTS || !isRetryable(error)) throw error;
      await sleep(Math.random() * 20 * attempt);
    }
  }
}

/** Serialization failure, deadlock (Prisma's own word for both is P2034), and a gate that others held too long. */
function isRetryable(error: unknown): boolean {
  const { code } = error as { code?: string };
  return code === 'P2034' || ['40001', '40P01', '55P03'].includes(sqlState(error) ?? '');
}

/** PostgreSQL's code of an error of a raw query. */
export function sqlState(error: unknown): string | undefined {
  const { meta } = error as { meta?: { driverAdapterError?: { cause?: { originalCode?: string } } } };
  return meta?.driverAdapterError?.cause?.originalCode;
}
