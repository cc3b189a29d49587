import { Injectable } from '@nestjs/common';
import { PassportStrategy } from '@nestjs/passport';
import type { TokenHolder } from '#auth';
import { AccessTokens } from '../credentials/access-tokens.js';
import { AuthorizationStrategy } from '../credentials/authorization.strategy.js';
import { parseBasic, parseBearer } from '../credentials/credentials.js';

/** A personal access token for the operator API, as Basic password or as Bearer. */
@Injectable()
export class OperatorStrategy extends PassportStrategy(AuthorizationStrategy, 'operator') {
  constructor(private readonly tokens: AccessTokens) {
    super((header: string | undefined) => parseBearer(header) ?? parseBasic(header)?.password);
  }

  async validate(token: string): Promise<TokenHolder | false> {
    return (await this.tokens.find(token)) ?? false;
  }
}
