import type { ExecutionContext } from '@nestjs/common';
import { AuthGuard } from '@nestjs/passport';
import type { FastifyRequest } from 'fastify';
import passport from 'passport';
import { ANONYMOUS } from '#auth';
import { type Credentials, REJECTED } from './credentials.js';
import { PASSPORT_FRAMEWORK } from './passport-framework.js';

passport.framework(PASSPORT_FRAMEWORK);

/** Nest's guard that has passport run a strategy, as `passport-framework.ts` says. */
export const PassportGuard = AuthGuard;

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
