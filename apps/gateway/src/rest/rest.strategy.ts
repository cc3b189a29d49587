import { Injectable } from '@nestjs/common';
import { PassportStrategy } from '@nestjs/passport';
import type { TokenHolder } from '#auth';
import { AccessTokens } from '../credentials/access-tokens.js';
import { AuthorizationStrategy } from '../credentials/authorization.strategy.js';
import { parseBasic, parseBearer, parseToken } from '../credentials/credentials.js';

/** A personal access token in each form that GitHub's clients send it: `Bearer PAT`, `token PAT`, Basic with any user name. */
@Injectable()
export class RestStrategy extends PassportStrategy(AuthorizationStrategy, 'rest') {
  constructor(private readonly tokens: AccessTokens) {
    super((header: string | undefined) => parseBearer(header) ?? parseToken(header) ?? parseBasic(header)?.password);
  }

  async validate(token: string): Promise<TokenHolder | false> {
    return (await this.tokens.find(token)) ?? false;
  }
}
