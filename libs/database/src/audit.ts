import type { Actor } from '#registry';
import { Prisma } from './database.js';
import type { Transaction } from './transaction.js';

interface Entry {
  actor: Actor;
  action: string;
  /** What it was done to: a login, a namespace or a package by name. Its first part says whose owners may read of it. */
  target: string;
  data?: Record<string, unknown>;
}

/** Writes one audit row in the transaction of what it tells of. `data` never holds a secret. */
export async function recordAudit(tx: Transaction, { actor, action, target, data }: Entry): Promise<void> {
  await insertAudit(
    tx,
    { actor, action, data: [data ?? {}] },
    Prisma.sql`${target}::text,
    (SELECT id FROM namespaces WHERE path = lower(split_part(${target}::text, '/', 1)))`,
  );
}

/** The same of a package by its id: it stands under the name that the package has now. */
export async function recordPackageAudit(
  tx: Transaction,
  { actor, action, packageId, data }: Omit<Entry, 'target'> & { packageId: number },
): Promise<void> {
  await insertAudit(tx, { actor, action, data: [data ?? {}] }, ofPackage(packageId));
}

/** Writes one event row for those who may want to hear of it later, and the audit row. */
export async function recordEvent(
  tx: Transaction,
  event: { kind: string; packageId: number; actor: Actor; data: Record<string, unknown> },
): Promise<void> {
  await recordEvents(tx, { ...event, data: [event.data] });
}

/** The same for several events of one kind, each with its data. */
export async function recordEvents(
  tx: Transaction,
  events: { kind: string; packageId: number; actor: Actor; data: ReadonlyArray<Record<string, unknown>> },
): Promise<void> {
  const { kind, packageId, actor, data } = events;
  if (data.length === 0) return;
  await tx.$executeRaw`
    INSERT INTO events (kind, package_id, actor, data)
    SELECT ${kind}, ${packageId}, ${actor.principal}, d::jsonb
    FROM unnest(${data.map((one) => JSON.stringify(one))}::text[]) AS d`;
  await insertAudit(tx, { actor, action: kind, data }, ofPackage(packageId));
}

const ofPackage = (packageId: number): Prisma.Sql => Prisma.sql`
  coalesce((SELECT full_name FROM package_names WHERE package_id = ${packageId} AND alias_until IS NULL),
    ${`package ${packageId}`}),
  (SELECT namespace_id FROM packages WHERE id = ${packageId})`;

async function insertAudit(
  tx: Transaction,
  { actor, action, data }: Pick<Entry, 'actor' | 'action'> & { data: ReadonlyArray<Record<string, unknown>> },
  target: Prisma.Sql,
): Promise<void> {
  const { login, userId, tokenId, address, principal, isOverriding } = actor;
  const more = { principal, ...(isOverriding && { as: 'administrator' }) };
  const rows = data.map((one) => JSON.stringify({ ...one, ...more }));
  await tx.$executeRaw`
    INSERT INTO audit_log (actor, actor_user_id, token_id, address, action, result, data, target, namespace_id)
    SELECT ${login}, ${userId ?? null}::int, ${tokenId ?? null}::int, ${address ?? null}, ${action}, 'done',
      d::jsonb, ${target} FROM unnest(${rows}::text[]) AS d`;
}
