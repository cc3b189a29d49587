import { Injectable } from '@nestjs/common';
import { networkOf, RateLimits } from '../limits/rate-limits.js';

/**
 * Counts failed logins for each user name and network. Only failures are refused: the right token works throughout, so
 * nobody can lock anybody else out.
 */
@Injectable()
export class FailedLogins {
  constructor(private readonly limits: RateLimits) {}

  /** Errors: TOOMANYREQUESTS with Retry-After. */
  async count(address: string, username: string): Promise<void> {
    await this.limits.spend('failed logins', `${networkOf(address)} ${username.slice(0, 64)}`);
  }
}
