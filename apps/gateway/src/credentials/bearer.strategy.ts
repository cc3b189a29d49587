import { Injectable } from '@nestjs/common';
import { PassportStrategy } from '@nestjs/passport';
import { BearerTokens } from '#auth';
import { AuthorizationStrategy } from './authorization.strategy.js';
import { type Credentials, parseBearer } from './credentials.js';

/** Bearer with a token that /token issued. */
@Injectable()
export class BearerStrategy extends PassportStrategy(AuthorizationStrategy, 'bearer') {
  constructor(private readonly tokens: BearerTokens) {
    super(parseBearer);
  }

  async validate(token: string): Promise<Credentials | false> {
    return (await this.tokens.verify(token)) ?? false;
  }
}
