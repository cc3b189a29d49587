import { Controller, Get } from '@nestjs/common';
import { SigningKeyStore } from '#auth';
import { Policy } from '../v2/access-policy.js';

/**
 * Anybody may ask, as often as they like: the database is asked once in this time, by all of them together. Much shorter than a
 * key is published before it signs.
 */
const FRESH_MS = 2000;

type Keys = Awaited<ReturnType<SigningKeyStore['publicKeys']>>;

/** Public keys that verify Berth's bearer tokens (RFC 7517). */
@Controller('.well-known')
export class JwksController {
  private keys: Promise<Keys> | undefined;
  private readAt = 0;

  constructor(private readonly store: SigningKeyStore) {}

  @Get('jwks.json')
  @Policy('anyone')
  async get(): Promise<{ keys: Keys }> {
    if (!this.keys || performance.now() - this.readAt > FRESH_MS) {
      this.readAt = performance.now();
      const reading = this.store.publicKeys();
      this.keys = reading;
      reading.catch(() => {
        // Unless another reading has begun meanwhile.
        if (this.keys === reading) this.keys = undefined;
      });
    }
    return { keys: await this.keys };
  }
}
