import { Injectable } from '@nestjs/common';
import { PassportStrategy } from '@nestjs/passport';
import type { FastifyRequest } from 'fastify';
import { Strategy } from 'passport';
import { BearerTokens } from '#auth';
import { type Credentials, credentialsOf } from './credentials.js';

/** Bearer with a token that /token issued. */
@Injectable()
export class BearerStrategy extends PassportStrategy(Strategy, 'bearer') {
  constructor(private readonly tokens: BearerTokens) {
    super();
  }

  override authenticate(request: FastifyRequest): void {
    const token = credentialsOf(request.headers.authorization, 'bearer');
    if (token === undefined) return this.fail(401);
    this.tokens.verify(token).then(
      (verified) => {
        if (!verified) return this.fail(401);
        const credentials: Credentials = { principal: verified.principal, access: verified.access };
        this.success(credentials);
      },
      (error) => this.error(error),
    );
  }

  validate(): never {
    throw new Error('this strategy authenticates by itself');
  }
}
