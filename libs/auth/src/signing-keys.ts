import type { JWK } from 'jose';

/** A key that signs bearer tokens: ES256, known by its thumbprint. */
export interface SigningKey {
  kid: string;
  privateJwk: JWK;
}

/** Keys of the instance, shared by all its processes through the database. */
export abstract class SigningKeyStore {
  /** The instance's name, made at first start: `iss`, `aud` and the challenge's `service`. */
  abstract instanceName(): Promise<string>;

  /** The key that signs now. Makes the first one, and the next one ahead of its time, so that verifiers know it before it signs. */
  abstract current(): Promise<SigningKey>;

  /** Public halves of all keys whose tokens may still be alive, the next one included. */
  abstract publicKeys(): Promise<JWK[]>;
}
