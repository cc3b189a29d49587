import { Injectable } from '@nestjs/common';
import { RateLimiterMemory } from 'rate-limiter-flexible';
import { RegistryError } from '#oci';

/** More failures than a person or a misconfigured job makes. */
const FAILURES_PER_MINUTE = 60;

/**
 * Counts failed logins for each user name and address. Only failures are refused: the right token works throughout, so
 * nobody can lock anybody else out.
 */
@Injectable()
export class FailedLogins {
  private readonly limiter: RateLimiterMemory | undefined;

  /** `isLimited` false for tests that send thousands. */
  constructor(isLimited: boolean) {
    this.limiter = isLimited ? new RateLimiterMemory({ points: FAILURES_PER_MINUTE, duration: 60 }) : undefined;
  }

  /** Errors: TOOMANYREQUESTS with Retry-After. */
  async count(address: string, username: string): Promise<void> {
    await this.limiter?.consume(`${address} ${username.slice(0, 64)}`).catch((limit: { msBeforeNext?: number }) => {
      const retryAfter = String(Math.ceil((limit.msBeforeNext ?? 60_000) / 1000));
      throw new RegistryError(
        'TOOMANYREQUESTS',
        { reason: 'too many failed logins' },
        { headers: { 'retry-after': retryAfter } },
      );
    });
  }
}
