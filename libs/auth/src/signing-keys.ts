import type { JWK } from 'jose';
import type { Actor } from '#registry';

/** A key that signs bearer tokens: ES256, known by its thumbprint. */
export interface SigningKey {
  kid: string;
  privateJwk: JWK;
}

/**
 * Seconds from a rotation, which publishes a key, to the key's first signature. Whoever verifies looks for a key that it does
 * not know at most every 30 seconds (bearer-token.ts): a token of the new key meets nobody who may not look yet.
 */
export const KEY_LEAD = 60;

/**
 * Seconds that a replaced key goes on verifying, beyond the life of a token: signers go on with it for up to 30 seconds and the
 * time of a look-up, and verifiers take a token for alive 60 seconds longer than it says.
 */
export const KEY_TAIL = 120;

/** A key as operators see it. */
export interface SigningKeyRecord {
  kid: string;
  /** `next`: published and signs nothing yet; `signing`; `retiring`: only verifies; `retired`: its tokens are refused. */
  state: 'next' | 'signing' | 'retiring' | 'retired';
  createdAt: Date;
  signsFrom: Date;
  retiresAt: Date;
}

/** Keys of the instance, shared by all its processes through the database. */
export abstract class SigningKeyStore {
  /** The instance's name, made at first start: `iss`, `aud` and the challenge's `service`. */
  abstract instanceName(): Promise<string>;

  /** The key that signs now. Makes the first one, and the next one ahead of its time, so that verifiers know it before it signs. */
  abstract current(): Promise<SigningKey>;

  /** Public halves of all keys whose tokens may still be alive, the next one included. */
  abstract publicKeys(): Promise<JWK[]>;

  /** The newest 100 keys, the latest to sign first. Retired ones are forgotten when a key is made a day later. */
  abstract list(): Promise<SigningKeyRecord[]>;

  /**
   * Makes a key that signs in KEY_LEAD seconds, and lets all others retire KEY_TAIL seconds and the life of a token later: no
   * token that was handed out is refused. One that was to sign at the end of the present one's time goes. Atomic, audited.
   * `tokenLifetime` in seconds. Answers `pending` while a key waits for its first signature in less than KEY_LEAD.
   */
  abstract rotate(tokenLifetime: number, actor: Actor): Promise<SigningKeyRecord | 'pending'>;
}
