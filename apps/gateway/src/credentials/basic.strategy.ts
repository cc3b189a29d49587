import { Injectable } from '@nestjs/common';
import { PassportStrategy } from '@nestjs/passport';
import type { Query } from '../http/gateway-request.js';
import { AuthorizationStrategy, type AuthorizedRequest } from './authorization.strategy.js';
import { type Credentials, parseBasic } from './credentials.js';
import { Login } from './login.js';

/** Basic with a personal access token, or a workflow's OIDC token, as password. Any user name goes with it, as on GHCR. */
@Injectable()
export class BasicStrategy extends PassportStrategy(AuthorizationStrategy, 'basic') {
  constructor(private readonly login: Login) {
    super(parseBasic);
  }

  async validate({ password }: { password: string }, { query }: AuthorizedRequest): Promise<Credentials | false> {
    return (await this.login.run(password, [(query as Query).scope ?? []].flat())) ?? false;
  }
}
