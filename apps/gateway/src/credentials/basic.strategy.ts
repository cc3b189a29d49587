import { Injectable } from '@nestjs/common';
import { PassportStrategy } from '@nestjs/passport';
import { AccessFactsStore } from '#auth';
import { AuthorizationStrategy } from './authorization.strategy.js';
import { type Credentials, parseBasic, principalOf } from './credentials.js';
import { findTokenHolder } from './find-token-holder.js';

/** Basic with a personal access token as password. The password decides: any user name goes with it, as on GHCR. */
@Injectable()
export class BasicStrategy extends PassportStrategy(AuthorizationStrategy, 'basic') {
  constructor(private readonly facts: AccessFactsStore) {
    super(parseBasic);
  }

  async validate({ password }: { password: string }): Promise<Credentials | false> {
    const holder = await findTokenHolder(this.facts, password);
    return holder ? { principal: principalOf(holder), access: undefined } : false;
  }
}
