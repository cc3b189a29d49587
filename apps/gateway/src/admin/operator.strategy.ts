import { Injectable } from '@nestjs/common';
import { PassportStrategy } from '@nestjs/passport';
import type { FastifyRequest } from 'fastify';
import { Strategy } from 'passport';
import { AccessFactsStore } from '#auth';
import { credentialsOf, parseBasic } from '../credentials/credentials.js';
import { findTokenHolder } from '../credentials/find-token-holder.js';

/** A personal access token for the operator API, as Basic password or as Bearer. */
@Injectable()
export class OperatorStrategy extends PassportStrategy(Strategy, 'operator') {
  constructor(private readonly facts: AccessFactsStore) {
    super();
  }

  override authenticate(request: FastifyRequest): void {
    const { authorization } = request.headers;
    const token = credentialsOf(authorization, 'bearer') ?? parseBasic(authorization)?.password;
    if (token === undefined) return this.fail(401);
    findTokenHolder(this.facts, token).then(
      (holder) => (holder ? this.success(holder) : this.fail(401)),
      (error) => this.error(error),
    );
  }

  validate(): never {
    throw new Error('this strategy authenticates by itself');
  }
}
