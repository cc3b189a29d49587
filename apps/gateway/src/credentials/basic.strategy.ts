import { Injectable } from '@nestjs/common';
import { PassportStrategy } from '@nestjs/passport';
import type { FastifyRequest } from 'fastify';
import { Strategy } from 'passport';
import { AccessFactsStore } from '#auth';
import { type Credentials, parseBasic } from './credentials.js';
import { findTokenHolder } from './find-token-holder.js';

/** Basic with a personal access token as password. The password decides: any user name goes with it, as on GHCR. */
@Injectable()
export class BasicStrategy extends PassportStrategy(Strategy, 'basic') {
  constructor(private readonly facts: AccessFactsStore) {
    super();
  }

  override authenticate(request: FastifyRequest): void {
    const basic = parseBasic(request.headers.authorization);
    if (!basic) return this.fail(401);
    findTokenHolder(this.facts, basic.password).then(
      (holder) => (holder ? this.success(toCredentials(holder)) : this.fail(401)),
      (error) => this.error(error),
    );
  }

  validate(): never {
    throw new Error('this strategy authenticates by itself');
  }
}

const toCredentials = ({ userId, tokenId }: { userId: number; tokenId: number }): Credentials => ({
  principal: { kind: 'user', userId, tokenId },
  access: undefined,
});
