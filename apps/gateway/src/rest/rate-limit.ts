/** Clients that pace themselves by these numbers never wait; what is limited says so in other headers (docs/limits.md). */
const LIMIT = 1_000_000;
const WINDOW_SECONDS = 3600;

export interface RateLimit {
  limit: number;
  used: number;
  remaining: number;
  /** Seconds since 1970. */
  reset: number;
  resource: string;
}

export function rateLimit(): RateLimit {
  const reset = Math.floor(Date.now() / 1000) + WINDOW_SECONDS;
  return { limit: LIMIT, used: 0, remaining: LIMIT, reset, resource: 'core' };
}

/** The headers that GitHub sends with every answer; some clients crash without them. */
export function rateLimitHeaders(): Record<string, string> {
  const { limit, used, remaining, reset, resource } = rateLimit();
  return {
    'x-ratelimit-limit': String(limit),
    'x-ratelimit-remaining': String(remaining),
    'x-ratelimit-used': String(used),
    'x-ratelimit-reset': String(reset),
    'x-ratelimit-resource': resource,
  };
}
