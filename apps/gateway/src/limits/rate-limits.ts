import type { FastifyReply } from 'fastify';
import { Redis } from 'ioredis';
import ipaddr from 'ipaddr.js';
import { RateLimiterMemory, RateLimiterRedis, type RateLimiterRes } from 'rate-limiter-flexible';
import { RegistryError } from '#oci';

const SECONDS = 60;

/** What is counted, and how much of it one caller has in a minute. `docs/limits.md` says the same; a test compares the two. */
export const LIMITS = {
  /** Calls of /token from one network: a farm of CI jobs behind one address must fit in. */
  tokens: 6000,
  /** Failed logins from one address with one user name: more than a person or a misconfigured job makes. */
  'failed logins': 60,
  /** Requests that change something, of one caller: a push of many layers in parallel is some hundreds. */
  writes: 6000,
  /** Lists, and other answers of REST, of one caller. */
  listings: 1200,
} as const;
export type Limited = keyof typeof LIMITS;

type Limiter = RateLimiterMemory | RateLimiterRedis;

/**
 * Counts in windows of a minute: in Redis where there is one, so that all replicas count together, else in this process. While
 * Redis does not answer, each process counts by itself: nobody is refused for that.
 */
export class RateLimits {
  private readonly limiters = new Map<Limited, Limiter>();
  private readonly redis: Redis | undefined;

  /** `isOn` false for tests that send thousands. */
  constructor(isOn: boolean, redisUrl?: string) {
    if (!isOn) return;
    if (redisUrl !== undefined) {
      this.redis = new Redis(redisUrl, { enableOfflineQueue: false, maxRetriesPerRequest: 1, commandTimeout: 1000 });
      this.redis.on('error', () => undefined); // the count in memory stands in
    }
    for (const [name, points] of Object.entries(LIMITS)) {
      const own = new RateLimiterMemory({ points, duration: SECONDS });
      const storeClient = this.redis;
      const keyPrefix = `berth:limits:${name}`;
      this.limiters.set(
        name as Limited,
        storeClient
          ? new RateLimiterRedis({ storeClient, keyPrefix, points, duration: SECONDS, insuranceLimiter: own })
          : own,
      );
    }
  }

  /**
   * Counts one for this caller, and says on `reply` what is left (RateLimit headers). Errors: TOOMANYREQUESTS with Retry-After
   * for one too many.
   */
  async spend(limited: Limited, caller: string, reply?: FastifyReply): Promise<void> {
    const limiter = this.limiters.get(limited);
    if (!limiter) return;
    try {
      const left = await limiter.consume(caller);
      reply?.headers(headersOf(limited, left));
    } catch (error) {
      if (error instanceof Error) throw error;
      const left = error as RateLimiterRes;
      const retryAfter = String(Math.max(1, Math.ceil(left.msBeforeNext / 1000)));
      throw new RegistryError(
        'TOOMANYREQUESTS',
        { reason: `too many ${limited}: at most ${LIMITS[limited]} a minute` },
        { headers: { ...headersOf(limited, left), 'retry-after': retryAfter } },
      );
    }
  }

  /** Lets go of Redis. */
  onModuleDestroy(): void {
    this.redis?.disconnect();
  }
}

/** The header fields of the IETF's draft on rate limits, in the form that clients read today. */
function headersOf(limited: Limited, { remainingPoints, msBeforeNext }: RateLimiterRes): Record<string, string> {
  return {
    'ratelimit-limit': String(LIMITS[limited]),
    'ratelimit-remaining': String(Math.max(0, remainingPoints)),
    'ratelimit-reset': String(Math.max(0, Math.ceil(msBeforeNext / 1000))),
    'ratelimit-policy': `${LIMITS[limited]};w=${SECONDS}`,
  };
}

/** What counts as one caller among those without a name: an IPv4 address, a /64 of IPv6, which one machine may have whole. */
export function networkOf(address: string): string {
  if (!ipaddr.isValid(address)) return address;
  const plain = ipaddr.process(address);
  if (plain.kind() === 'ipv4') return plain.toString();
  return ipaddr.IPv6.networkAddressFromCIDR(`${plain.toString()}/64`).toString();
}
