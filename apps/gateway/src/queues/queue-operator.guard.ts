import { applyDecorators, type ExecutionContext, Injectable, UseGuards } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import type { TokenHolder } from '#auth';
import { OperatorGuard } from '../admin/operator.guard.js';
import { Problem } from '../admin/problem.js';
import { parseBearer } from '../credentials/credentials.js';
import { FailedLogins } from '../credentials/failed-logins.js';
import { ExternalOrigin } from '../http/external-origin.js';
import { Sessions } from '../sign-on/sessions.js';
import { Policy } from '../v2/access-policy.js';

/**
 * Lets operators in as `OperatorGuard` does, and by the session of a browser. Browsers send sessions and Basic passwords along
 * with requests that other sites make: what changes something must come from a page of this registry, or with a Bearer token,
 * which no other site can send.
 */
@Injectable()
export class QueueOperatorGuard extends OperatorGuard {
  constructor(
    failedLogins: FailedLogins,
    origin: ExternalOrigin,
    private readonly sessions: Sessions,
  ) {
    super(failedLogins, origin);
  }

  override async canActivate(context: ExecutionContext): Promise<boolean> {
    const request = context.switchToHttp().getRequest<FastifyRequest & { user: TokenHolder }>();
    const holder = await this.sessions.find(request);
    if (holder) request.user = this.handleRequest(undefined, holder);
    else if (!(await super.canActivate(context))) return false;
    const isForgeable = request.method !== 'GET' && parseBearer(request.headers.authorization) === undefined;
    if (isForgeable && !this.sessions.isOwn(request, this.origin.of(request))) {
      throw new Problem(403, 'Not from a page of this registry', 'Scripts send their token as Bearer.');
    }
    return true;
  }
}

/** States that a route is the operators' and takes their browsers' sessions, and guards it. */
export const QueueOperatorsOnly = () => applyDecorators(Policy('operator'), UseGuards(QueueOperatorGuard));
