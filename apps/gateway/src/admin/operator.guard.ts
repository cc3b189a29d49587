import { applyDecorators, createParamDecorator, type ExecutionContext, Injectable, UseGuards } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import type { TokenHolder } from '#auth';
import type { Actor } from '#registry';
import { actorOf } from '../access/judge.js';
import { parseBasic } from '../credentials/credentials.js';
import { FailedLogins } from '../credentials/failed-logins.js';
import { PassportGuard } from '../credentials/passport.guard.js';
import { ExternalOrigin } from '../http/external-origin.js';
import { requestAddress } from '../http/request-address.js';
import { Policy } from '../v2/access-policy.js';
import { Problem } from './problem.js';

/** Lets in whose token has the scope `admin:registry`. */
@Injectable()
export class OperatorGuard extends PassportGuard('operator') {
  constructor(
    private readonly failedLogins: FailedLogins,
    protected readonly origin: ExternalOrigin,
  ) {
    super();
  }

  override async canActivate(context: ExecutionContext): Promise<boolean> {
    try {
      return (await super.canActivate(context)) === true;
    } catch (error) {
      const request = context.switchToHttp().getRequest<FastifyRequest>();
      const { authorization } = request.headers;
      if (error instanceof Problem && error.status === 401 && authorization !== undefined) {
        await this.failedLogins.count(this.origin.clientAddress(request), parseBasic(authorization)?.username ?? '');
      }
      throw error;
    }
  }

  override handleRequest<T = TokenHolder>(error: unknown, holder: TokenHolder | false): T {
    if (error) throw error;
    if (!holder) throw new Problem(401, 'Authentication required', 'Send a token as Basic password or as Bearer.');
    if (!holder.scopes.includes('admin:registry')) {
      throw new Problem(403, 'Not allowed', 'This needs a token with the scope admin:registry.');
    }
    return holder as T;
  }
}

/** States that a route is the operators', and guards it. */
export const OperatorsOnly = () => applyDecorators(Policy('operator'), UseGuards(OperatorGuard));

/** The operator who acts. */
export const OperatorParam = createParamDecorator((_: unknown, context: ExecutionContext): Actor => {
  const { user } = context.switchToHttp().getRequest<{ user: TokenHolder }>();
  return actorOf({ kind: 'user', ...user }, true, requestAddress());
});
