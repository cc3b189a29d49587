import { Injectable } from '@nestjs/common';
import type { PullableAmong } from '#registry';
import { Judge } from '../access/judge.js';
import { REJECTED } from '../credentials/credentials.js';
import type { GatewayRequest } from '../http/gateway-request.js';

/** Which repositories a caller may mount from: the caller's own rights decide, whatever the bearer token lists. */
@Injectable()
export class PullableRepositories {
  constructor(private readonly judge: Judge) {}

  /** To be called before anything is looked up: how long that takes must not show. */
  amongFor({ user }: GatewayRequest): PullableAmong {
    const began = performance.now();
    return async (names) => {
      if (user === REJECTED) return [];
      const pullable = await this.judge.pullableAmong(user.principal, names, began);
      return pullable.map(({ id }) => ({ packageId: id }));
    };
  }
}
