import { Injectable } from '@nestjs/common';
import { AccessFactsStore, authorize } from '#auth';
import type { PullableAmong } from '#registry';
import { REJECTED } from '../credentials/credentials.js';
import type { GatewayRequest } from '../http/gateway-request.js';

/** Which repositories a caller may mount from: the caller's own rights decide, whatever the bearer token lists. */
@Injectable()
export class PullableRepositories {
  constructor(private readonly facts: AccessFactsStore) {}

  amongFor({ user }: GatewayRequest): PullableAmong {
    return async (names) => {
      if (user === REJECTED) return [];
      const found = await Promise.all(names.map((name) => this.facts.find(user.principal, name)));
      return found.flatMap((facts) =>
        facts !== 'revoked' && facts.package && authorize('pull', facts).isAllowed
          ? [{ packageId: facts.package.id }]
          : [],
      );
    };
  }
}
