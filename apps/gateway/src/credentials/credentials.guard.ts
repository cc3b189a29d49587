import { type ExecutionContext, Injectable } from '@nestjs/common';
import { AuthGuard } from '@nestjs/passport';
import { ANONYMOUS } from '#auth';
import type { GatewayRequest } from '../http/gateway-request.js';
import type { Credentials } from './credentials.js';

/** Bad credentials are told from none: the first are a 401 everywhere, public packages included. */
export const REJECTED = 'rejected';

/**
 * Finds out who is asking, through the passport strategies, and leaves the judgement to the guard behind it:
 * `request.user` becomes `Credentials`, anonymous ones where no Authorization header came, or `rejected`.
 */
@Injectable()
export class CredentialsGuard extends AuthGuard(['bearer', 'basic']) {
  override handleRequest<T = Credentials | typeof REJECTED>(
    error: unknown,
    user: Credentials | false,
    _info: unknown,
    context: ExecutionContext,
  ): T {
    if (error) throw error;
    const request = context.switchToHttp().getRequest<GatewayRequest>();
    const isAnonymous = request.headers.authorization === undefined;
    const credentials = user || (isAnonymous ? { principal: ANONYMOUS, access: undefined } : REJECTED);
    return credentials as T;
  }

  /** Passport writes to a Node response, never to a Fastify reply. */
  getResponse(context: ExecutionContext): unknown {
    return context.switchToHttp().getResponse<{ raw: unknown }>().raw;
  }
}
