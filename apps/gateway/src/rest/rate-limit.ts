import type { FastifyReply } from 'fastify';

/** Where the operator switched limits off, clients that pace themselves by these numbers never wait. */
const UNLIMITED = 1_000_000;
const WINDOW_SECONDS = 60;

/** What a caller has left, as GitHub tells it. */
export interface RateLimit {
  limit: number;
  used: number;
  remaining: number;
  /** Seconds since 1970. */
  reset: number;
  resource: string;
}

/** From the RateLimit headers that the guards left on the answer. */
export function rateLimitOf(reply: FastifyReply): RateLimit {
  const number = (name: string, otherwise: number) => Number(reply.getHeader(`ratelimit-${name}`) ?? otherwise);
  const limit = number('limit', UNLIMITED);
  const remaining = number('remaining', limit);
  const reset = Math.floor(Date.now() / 1000) + number('reset', WINDOW_SECONDS);
  return { limit, used: limit - remaining, remaining, reset, resource: 'core' };
}

/** Says the same once more in the headers that GitHub sends with every answer; some clients crash without them. */
export function tellRateLimit(reply: FastifyReply): void {
  const { limit, used, remaining, reset, resource } = rateLimitOf(reply);
  reply.headers({
    'x-ratelimit-limit': String(limit),
    'x-ratelimit-remaining': String(remaining),
    'x-ratelimit-used': String(used),
    'x-ratelimit-reset': String(reset),
    'x-ratelimit-resource': resource,
  });
}
