import { randomBytes } from 'node:crypto';
import { calculateJwkThumbprint, exportJWK, generateKeyPair, type JWK } from 'jose';
import { KEY_LEAD, KEY_TAIL, type SigningKey, type SigningKeyRecord, SigningKeyStore } from '#auth';
import type { Actor } from '#registry';
import { recordAudit } from './audit.js';
import { type Database, Prisma } from './database.js';
import { inTransaction, type Transaction } from './transaction.js';

/** A key signs for this long; the next one is published well before. */
const SIGNING_DAYS = 30;
const PUBLISHED_AHEAD_DAYS = 1;
const MAX_LISTED = 100;

export class PrismaSigningKeyStore extends SigningKeyStore {
  private name: Promise<string> | undefined;

  constructor(private readonly database: Database) {
    super();
  }

  override instanceName(): Promise<string> {
    this.name ??= this.readName();
    this.name.catch(() => {
      this.name = undefined;
    });
    return this.name;
  }

  private async readName(): Promise<string> {
    const name = `berth-${randomBytes(8).toString('hex')}`;
    await this.database.$executeRaw`INSERT INTO instance (id, name) VALUES (1, ${name}) ON CONFLICT DO NOTHING`;
    const [instance] = await this.database.$queryRaw<Array<{ name: string }>>`SELECT name FROM instance`;
    return instance?.name ?? name;
  }

  override async current(): Promise<SigningKey> {
    return inTransaction(this.database, async (tx) => {
      const [key] = await signingNow(tx);
      if (key && !key.isEnding) return key;
      await lockKeys(tx);
      const [known] = await signingNow(tx);
      const hasNext = await tx.$queryRaw<unknown[]>`SELECT 1 FROM signing_keys WHERE signs_from > now()`;
      if (!known) await this.insert(tx, Prisma.sql`now()`);
      if (hasNext.length === 0 && known)
        await this.insert(tx, Prisma.sql`now() + make_interval(days => ${PUBLISHED_AHEAD_DAYS}::int)`);
      const [now] = await signingNow(tx);
      if (!now) throw new Error('no signing key after one was made');
      return now;
    });
  }

  override async list(): Promise<SigningKeyRecord[]> {
    return this.database.$queryRaw`
      SELECT kid, created_at AS "createdAt", signs_from AS "signsFrom", retires_at AS "retiresAt",
        CASE WHEN retires_at <= now() THEN 'retired' WHEN signs_from > now() THEN 'next'
          WHEN signs_from = (SELECT max(s.signs_from) FROM signing_keys s WHERE s.signs_from <= now() AND s.retires_at > now())
          THEN 'signing' ELSE 'retiring' END AS state
      FROM signing_keys ORDER BY signs_from DESC LIMIT ${MAX_LISTED}`;
  }

  /** By the clock, not by now(): that is the time before the lock was waited for. */
  override rotate(tokenLifetime: number, actor: Actor): Promise<SigningKeyRecord | 'pending'> {
    return inTransaction(this.database, async (tx) => {
      await lockKeys(tx);
      const pending = await tx.$queryRaw<unknown[]>`
        SELECT 1 FROM signing_keys WHERE signs_from > clock_timestamp()
          AND signs_from <= clock_timestamp() + make_interval(secs => ${KEY_LEAD})`;
      if (pending.length > 0) return 'pending';
      await tx.$executeRaw`DELETE FROM signing_keys WHERE signs_from > clock_timestamp()`; // it has signed nothing
      await tx.$executeRaw`
        UPDATE signing_keys SET retires_at =
          least(retires_at, clock_timestamp() + make_interval(secs => ${KEY_LEAD + KEY_TAIL + tokenLifetime}))`;
      const made = await this.insert(tx, Prisma.sql`clock_timestamp() + make_interval(secs => ${KEY_LEAD})`);
      await recordAudit(tx, { actor, action: 'key.rotate', target: 'signing keys', data: { kid: made.kid } });
      return { ...made, state: 'next' };
    });
  }

  private async insert(tx: Transaction, signsFrom: Prisma.Sql): Promise<Omit<SigningKeyRecord, 'state'>> {
    const pair = await generateKeyPair('ES256', { extractable: true });
    const publicJwk = await exportJWK(pair.publicKey);
    const kid = await calculateJwkThumbprint(publicJwk);
    const header = { kid, alg: 'ES256', use: 'sig' };
    // A private key that signs nothing any more is of use to a thief only.
    await tx.$executeRaw`DELETE FROM signing_keys WHERE retires_at < now() - interval '1 day'`;
    const [made] = await tx.$queryRaw<Array<Omit<SigningKeyRecord, 'state'>>>`
      INSERT INTO signing_keys (kid, private_jwk, public_jwk, signs_from, retires_at)
      SELECT ${kid}, ${JSON.stringify({ ...(await exportJWK(pair.privateKey)), ...header })}::jsonb,
        ${JSON.stringify({ ...publicJwk, ...header })}::jsonb, t.signs_from,
        t.signs_from + make_interval(days => ${SIGNING_DAYS + PUBLISHED_AHEAD_DAYS}::int)
      FROM (SELECT ${signsFrom} AS signs_from) t
      RETURNING kid, created_at AS "createdAt", signs_from AS "signsFrom", retires_at AS "retiresAt"`;
    if (!made) throw new Error('no signing key was made');
    return made;
  }

  override async publicKeys(): Promise<JWK[]> {
    const rows = await this.database.$queryRaw<Array<{ jwk: JWK }>>`
      SELECT public_jwk AS jwk FROM signing_keys WHERE retires_at > now() ORDER BY signs_from`;
    return rows.map((row) => row.jwk);
  }
}

/** Two processes must not make two keys. */
async function lockKeys(tx: Transaction): Promise<void> {
  await tx.$executeRaw`LOCK TABLE signing_keys IN SHARE ROW EXCLUSIVE MODE`;
}

/** The newest key whose time has come, and whether its successor must be made. */
function signingNow(tx: Transaction): Promise<Array<SigningKey & { isEnding: boolean }>> {
  return tx.$queryRaw`
    SELECT kid, private_jwk AS "privateJwk",
      signs_from < now() - make_interval(days => ${SIGNING_DAYS - PUBLISHED_AHEAD_DAYS}::int)
        AND NOT EXISTS (SELECT FROM signing_keys WHERE signs_from > now()) AS "isEnding"
    FROM signing_keys WHERE signs_from <= now() AND retires_at > now() ORDER BY signs_from DESC LIMIT 1`;
}
