import { Injectable, Optional } from '@nestjs/common';
import { PassportStrategy } from '@nestjs/passport';
import type { FastifyRequest } from 'fastify';
import { Strategy } from 'passport';
import type { ProvenIdentity } from '#auth';
import { ExternalOrigin } from '../http/external-origin.js';
import { OpenIdProvider } from './openid-provider.js';
import { PENDING, readPending } from './pending.js';

type Verify = (request: FastifyRequest, done: (error: unknown, user?: ProvenIdentity | false) => void) => void;

/** Passport's part: whatever `validate` does not find is a failure, told without its reason. */
class CallbackStrategy extends Strategy {
  constructor(private readonly verify: Verify) {
    super();
  }

  override authenticate(request: never): void {
    this.verify(request, (error, user) => {
      if (error) this.error(error);
      else if (user) this.success(user);
      else this.fail(401);
    });
  }
}

/** The browser that comes back from the OpenID provider. */
@Injectable()
export class SignOnStrategy extends PassportStrategy(CallbackStrategy, 'sign-on') {
  constructor(
    private readonly origin: ExternalOrigin,
    @Optional() private readonly provider?: OpenIdProvider,
  ) {
    super();
  }

  async validate(request: FastifyRequest): Promise<ProvenIdentity | false> {
    const origin = this.origin.of(request);
    const pending = readPending(PENDING.read(request, origin));
    if (!pending || !this.provider) return false;
    return this.provider.finish(new URL(request.url, origin), pending).catch(() => false as const);
  }
}
