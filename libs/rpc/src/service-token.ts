import { createHash, createHmac, timingSafeEqual } from 'node:crypto';

/** How long a token is good, and how far clocks may be apart. */
const LIFETIME_SECONDS = 60;

/** Nothing else that the same secret may sign one day can be taken for a service token. */
const PURPOSE = 'berth-service-token-1';

/**
 * Proves that a call comes from a service that has the secret: a keyed hash over the second it was made, what is called
 * and the message. Whoever reads one on the way can repeat only this very call, for a minute.
 */
export class ServiceTokens {
  constructor(private readonly secret: string) {}

  /** `path` names service and method. */
  sign(path: string, body: Uint8Array): string {
    const now = Math.floor(Date.now() / 1000);
    return `${now}.${this.mac(now, path, body).toString('base64url')}`;
  }

  /** Why the token does not prove this call; undefined when it does. */
  flawOf(token: string | undefined, path: string, body: Uint8Array): string | undefined {
    const [, madeAt, mac] = /^([0-9]{1,12})\.([A-Za-z0-9_-]{43})$/.exec(token ?? '') ?? [];
    if (!madeAt || !mac) return 'there is no service token';
    if (!timingSafeEqual(Buffer.from(mac, 'base64url'), this.mac(Number(madeAt), path, body))) {
      return 'the service token is not for this call: the services need the same BERTH_RPC_SECRET';
    }
    const age = Date.now() / 1000 - Number(madeAt);
    if (Math.abs(age) > LIFETIME_SECONDS) return 'the service token is too old, or the clocks are apart';
    return undefined;
  }

  private mac(madeAt: number, path: string, body: Uint8Array): Buffer {
    const bodyHash = createHash('sha256').update(body).digest('hex');
    const fields = [PURPOSE, String(madeAt), path, bodyHash].map((field) => `${field.length}:${field}`);
    return createHmac('sha256', this.secret).update(fields.join(',')).digest();
  }
}
