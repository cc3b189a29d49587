import type { Actor } from '#registry';
import type { Transaction } from './transaction.js';

/** Writes one audit row in the transaction of what it tells of. `data` never holds a secret. */
export async function recordAudit(
  tx: Transaction,
  entry: { actor: Actor; action: string; target: string; data?: Record<string, unknown> },
): Promise<void> {
  const { actor, action, target, data } = entry;
  await tx.$executeRaw`
    INSERT INTO audit_log (actor, actor_user_id, token_id, action, target, result, data)
    VALUES (${actor.login}, ${actor.userId ?? null}, ${actor.tokenId ?? null}, ${action}, ${target}, 'done', ${JSON.stringify(data ?? {})}::jsonb)`;
}

/**
 * Writes one event row for those who may want to hear of it later, and an audit row where only the administrator's right
 * made it possible.
 */
export async function recordEvent(
  tx: Transaction,
  event: { kind: string; packageId: number; actor: Actor; data: Record<string, unknown> },
): Promise<void> {
  const { kind, packageId, actor, data } = event;
  await tx.$executeRaw`
    INSERT INTO events (kind, package_id, actor, data)
    VALUES (${kind}, ${packageId}, ${actor.principal}, ${JSON.stringify(data)}::jsonb)`;
  if (actor.isOverriding) await recordAudit(tx, { actor, action: kind, target: `package ${packageId}`, data });
}
