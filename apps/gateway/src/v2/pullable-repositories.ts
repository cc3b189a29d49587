import { Injectable } from '@nestjs/common';
import type { PullableAmong } from '#registry';
import { Judge } from '../access/judge.js';
import { REJECTED } from '../credentials/credentials.js';
import type { GatewayRequest } from '../http/gateway-request.js';

/** Which repositories a caller may mount from: the caller's own rights decide, whatever the bearer token lists. */
@Injectable()
export class PullableRepositories {
  constructor(private readonly judge: Judge) {}

  amongFor({ user }: GatewayRequest): PullableAmong {
    return async (names) => {
      if (user === REJECTED) return [];
      const found = await Promise.all(names.map((name) => this.judge.judge(user.principal, 'pull', name)));
      return found.flatMap((judgement) =>
        judgement !== 'revoked' && judgement.decision.isAllowed && judgement.facts.package
          ? [{ packageId: judgement.facts.package.id }]
          : [],
      );
    };
  }
}
