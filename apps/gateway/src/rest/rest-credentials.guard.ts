import { type ExecutionContext, Injectable } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import type { TokenHolder } from '#auth';
import { parseBasic } from '../credentials/credentials.js';
import { FailedLogins } from '../credentials/failed-logins.js';
import { PassportGuard } from '../credentials/passport.guard.js';
import { ExternalOrigin } from '../http/external-origin.js';
import { CallerLimits } from '../limits/caller-limits.js';
import { Sessions } from '../sign-on/sessions.js';
import { RestRefusal } from './rest-refusal.js';
import type { RestRequest } from './rest-request.js';

/**
 * Finds out whose token came and says on the answer what it may do (X-OAuth-Scopes: clean-up tools look there first). A bad
 * token is a 401 on every route; none at all is the access guard's business.
 */
@Injectable()
export class RestCredentialsGuard extends PassportGuard('rest') {
  constructor(
    private readonly failedLogins: FailedLogins,
    private readonly origin: ExternalOrigin,
    private readonly sessions: Sessions,
    private readonly callerLimits: CallerLimits,
  ) {
    super();
  }

  override async canActivate(context: ExecutionContext): Promise<boolean> {
    const request = context.switchToHttp().getRequest<RestRequest>();
    const { authorization } = request.headers;
    const session = await this.sessions.find(request);
    try {
      if (session) request.user = this.admitSession(session, request);
      else await super.canActivate(context);
    } catch (error) {
      if (error instanceof RestRefusal && error.status === 401) {
        await this.failedLogins.count(this.origin.clientAddress(request), parseBasic(authorization)?.username ?? '');
      }
      throw error;
    }
    const scopes = request.user?.scopes ?? [];
    const reply = context.switchToHttp().getResponse<FastifyReply>();
    await this.callerLimits.spendRest(request, reply);
    reply.header('x-oauth-scopes', scopes.join(', '));
    return true;
  }

  /** What another site makes a browser send comes with the session's cookie, too: it may look, and change nothing. */
  private admitSession(session: TokenHolder, request: RestRequest): TokenHolder {
    const isSafe = request.method === 'GET' || request.method === 'HEAD';
    if (isSafe || this.sessions.isOwn(request, this.origin.of(request))) return session;
    throw new RestRefusal(403, 'With a session, changes must come from a page of this registry.');
  }

  override handleRequest<T = TokenHolder | undefined>(
    error: unknown,
    holder: TokenHolder | false,
    _info: unknown,
    context: ExecutionContext,
  ): T {
    if (error) throw error;
    if (holder) return holder as T;
    const { authorization } = context.switchToHttp().getRequest<RestRequest>().headers;
    if (authorization !== undefined) throw new RestRefusal(401, 'Bad credentials');
    return undefined as T;
  }
}
