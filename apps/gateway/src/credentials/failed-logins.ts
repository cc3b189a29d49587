import { createHash } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { networkOf, RateLimits } from '../limits/rate-limits.js';

/**
 * Counters for all user names of all networks. A caller may try names without end, and each counter is kept for a minute: with
 * one for each name they would fill the memory. Two who share one only see failures of theirs refused early.
 */
export const COUNTERS = 65_536;

/**
 * Counts failed logins for each user name and network. Only failures are refused: the right token works throughout, so
 * nobody can lock anybody else out.
 */
@Injectable()
export class FailedLogins {
  constructor(private readonly limits: RateLimits) {}

  /** Errors: TOOMANYREQUESTS with Retry-After. */
  async count(address: string, username: string): Promise<void> {
    const who = createHash('sha256')
      .update(`${networkOf(address)} ${username}`)
      .digest();
    await this.limits.spend('failed logins', String(who.readUInt32BE() % COUNTERS));
  }
}
