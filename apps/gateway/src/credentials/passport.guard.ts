import type { ExecutionContext } from '@nestjs/common';
import { AuthGuard } from '@nestjs/passport';
import type { FastifyRequest } from 'fastify';
import { ANONYMOUS } from '#auth';
import { type Credentials, REJECTED } from './credentials.js';

/** A passport guard that works on Fastify: passport writes to a Node response, never to a Fastify reply. */
export function PassportGuard(strategy: string) {
  return class extends AuthGuard(strategy) {
    getResponse(context: ExecutionContext): unknown {
      return context.switchToHttp().getResponse<{ raw: unknown }>().raw;
    }
  };
}

/**
 * Finds out who is asking and leaves the judgement to what comes behind: `request.user` becomes `Credentials`, anonymous
 * ones where no Authorization header came, or `rejected`.
 */
export function CredentialsGuardOf(strategy: 'bearer' | 'basic') {
  return class extends PassportGuard(strategy) {
    override handleRequest<T = Credentials | typeof REJECTED>(
      error: unknown,
      user: Credentials | false,
      _info: unknown,
      context: ExecutionContext,
    ): T {
      if (error) throw error;
      const { headers } = context.switchToHttp().getRequest<FastifyRequest>();
      const none: Credentials = { principal: ANONYMOUS, access: undefined };
      return (user || (headers.authorization === undefined ? none : REJECTED)) as T;
    }
  };
}
