import { type ExecutionContext, Injectable } from '@nestjs/common';
import { CallerLimits } from '../limits/caller-limits.js';
import { CredentialsGuardOf } from './passport.guard.js';

/** Under /v2 only bearer tokens count: what else comes is answered with the challenge that leads to one. */
@Injectable()
export class CredentialsGuard extends CredentialsGuardOf('bearer') {}

/** /token takes a personal access token, as password of a Basic header. Counted before anything is looked up for it. */
@Injectable()
export class LoginGuard extends CredentialsGuardOf('basic') {
  constructor(private readonly limits: CallerLimits) {
    super();
  }

  override async canActivate(context: ExecutionContext): Promise<boolean> {
    const http = context.switchToHttp();
    await this.limits.spendToken(http.getRequest(), http.getResponse());
    return (await super.canActivate(context)) === true;
  }
}
