import { randomBytes } from 'node:crypto';
import { calculateJwkThumbprint, exportJWK, generateKeyPair, type JWK } from 'jose';
import { type SigningKey, SigningKeyStore } from '#auth';
import type { Database } from './database.js';
import { inTransaction, type Transaction } from './transaction.js';

/** A key signs for this long; the next one is published well before. */
const SIGNING_DAYS = 30;
const PUBLISHED_AHEAD_DAYS = 1;

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
      await tx.$executeRaw`LOCK TABLE signing_keys IN SHARE ROW EXCLUSIVE MODE`; // two processes must not make two keys
      const [known] = await signingNow(tx);
      const hasNext = await tx.$queryRaw<unknown[]>`SELECT 1 FROM signing_keys WHERE signs_from > now()`;
      if (!known) await this.insert(tx, 0);
      if (hasNext.length === 0 && known) await this.insert(tx, PUBLISHED_AHEAD_DAYS);
      const [now] = await signingNow(tx);
      if (!now) throw new Error('no signing key after one was made');
      return now;
    });
  }

  private async insert(tx: Transaction, signsInDays: number): Promise<void> {
    const pair = await generateKeyPair('ES256', { extractable: true });
    const publicJwk = await exportJWK(pair.publicKey);
    const kid = await calculateJwkThumbprint(publicJwk);
    const header = { kid, alg: 'ES256', use: 'sig' };
    await tx.$executeRaw`
      INSERT INTO signing_keys (kid, private_jwk, public_jwk, signs_from, retires_at)
      VALUES (${kid}, ${JSON.stringify({ ...(await exportJWK(pair.privateKey)), ...header })}::jsonb,
        ${JSON.stringify({ ...publicJwk, ...header })}::jsonb,
        now() + make_interval(days => ${signsInDays}::int),
        now() + make_interval(days => ${signsInDays + SIGNING_DAYS + PUBLISHED_AHEAD_DAYS}::int))`;
  }

  override async publicKeys(): Promise<JWK[]> {
    const rows = await this.database.$queryRaw<Array<{ jwk: JWK }>>`
      SELECT public_jwk AS jwk FROM signing_keys WHERE retires_at > now() ORDER BY signs_from`;
    return rows.map((row) => row.jwk);
  }
}

/** The newest key whose time has come, and whether its successor must be made. */
function signingNow(tx: Transaction): Promise<Array<SigningKey & { isEnding: boolean }>> {
  return tx.$queryRaw`
    SELECT kid, private_jwk AS "privateJwk",
      signs_from < now() - make_interval(days => ${SIGNING_DAYS - PUBLISHED_AHEAD_DAYS}::int)
        AND NOT EXISTS (SELECT FROM signing_keys WHERE signs_from > now()) AS "isEnding"
    FROM signing_keys WHERE signs_from <= now() AND retires_at > now() ORDER BY signs_from DESC LIMIT 1`;
}
