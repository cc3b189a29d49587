import { Injectable } from '@nestjs/common';
import { PassportStrategy } from '@nestjs/passport';
import { AccessFactsStore, type TokenHolder } from '#auth';
import { AuthorizationStrategy } from '../credentials/authorization.strategy.js';
import { parseBasic, parseBearer } from '../credentials/credentials.js';
import { findTokenHolder } from '../credentials/find-token-holder.js';

/** A personal access token for the operator API, as Basic password or as Bearer. */
@Injectable()
export class OperatorStrategy extends PassportStrategy(AuthorizationStrategy, 'operator') {
  constructor(private readonly facts: AccessFactsStore) {
    super((header: string | undefined) => parseBearer(header) ?? parseBasic(header)?.password);
  }

  async validate(token: string): Promise<TokenHolder | false> {
    return (await findTokenHolder(this.facts, token)) ?? false;
  }
}
