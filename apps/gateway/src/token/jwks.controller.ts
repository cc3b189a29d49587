import { Controller, Get } from '@nestjs/common';
import { SigningKeyStore } from '#auth';
import { Policy } from '../v2/access-policy.js';

/** Public keys that verify Berth's bearer tokens (RFC 7517). */
@Controller('.well-known')
export class JwksController {
  constructor(private readonly keys: SigningKeyStore) {}

  @Get('jwks.json')
  @Policy('anyone')
  async get(): Promise<{ keys: unknown[] }> {
    return { keys: await this.keys.publicKeys() };
  }
}
