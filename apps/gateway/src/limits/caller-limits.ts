import { Injectable } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Principal } from '#auth';
import { REJECTED } from '../credentials/credentials.js';
import { ExternalOrigin } from '../http/external-origin.js';
import type { GatewayRequest } from '../http/gateway-request.js';
import type { RestRequest } from '../rest/rest-request.js';
import { networkOf, RateLimits } from './rate-limits.js';

const LISTING = /\/(?:tags\/list|referrers\/:digest|_catalog)$/;
const isLook = (request: FastifyRequest) => request.method === 'GET' || request.method === 'HEAD';

/** Counts requests of one caller: of a user or a workflow, else of the network that they come from. Pulls are not counted. */
@Injectable()
export class CallerLimits {
  constructor(
    private readonly limits: RateLimits,
    private readonly origin: ExternalOrigin,
  ) {}

  /** Errors: TOOMANYREQUESTS, as for the others. */
  async spendV2(request: GatewayRequest, reply: FastifyReply): Promise<void> {
    const isListing = LISTING.test(request.routeOptions.url ?? '');
    if (isLook(request) && !isListing) return;
    const { user } = request;
    const caller = user === REJECTED ? undefined : nameOf(user.principal);
    await this.limits.spend(isListing ? 'listings' : 'writes', caller ?? this.networkOf(request), reply);
  }

  async spendRest(request: RestRequest, reply: FastifyReply): Promise<void> {
    const { user } = request;
    const caller = user ? `user:${user.userId}` : this.networkOf(request);
    await this.limits.spend(isLook(request) ? 'listings' : 'writes', caller, reply);
  }

  async spendToken(request: FastifyRequest, reply: FastifyReply): Promise<void> {
    await this.limits.spend('tokens', this.networkOf(request), reply);
  }

  private networkOf(request: FastifyRequest): string {
    return networkOf(this.origin.clientAddress(request));
  }
}

function nameOf(principal: Principal): string | undefined {
  if (principal.kind === 'user') return `user:${principal.userId}`;
  return principal.kind === 'workflow' ? `workflow:${principal.policyId}` : undefined;
}
