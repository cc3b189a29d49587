import type { Actor } from '#registry';
import { recordAudit } from './audit.js';
import { NameTaken } from './name-taken.js';
import type { Transaction } from './transaction.js';

/** False when there is such a user. Throws NameTaken, for its transaction to end, when an organisation has the name. */
export async function createUser(tx: Transaction, login: string, actor: Actor): Promise<boolean> {
  const key = login.toLowerCase();
  const [user] = await tx.$queryRaw<Array<{ id: number }>>`
    INSERT INTO users (login, login_key) VALUES (${login}, ${key}) ON CONFLICT DO NOTHING RETURNING id`;
  if (!user) return false;
  const named = await tx.$executeRaw`
    INSERT INTO namespaces (path, login, kind, user_id) VALUES (${key}, ${login}, 'user', ${user.id})
    ON CONFLICT DO NOTHING`;
  if (named === 0) throw new NameTaken(login);
  await recordAudit(tx, { actor, action: 'user.create', target: login });
  return true;
}
