import { expect, it } from 'vitest';
import { LIMITS, RateLimits } from '../limits/rate-limits.js';
import { COUNTERS, FailedLogins } from './failed-logins.js';

it('counts names without end with a bounded number of counters', async () => {
  const counters = new Set<string>();
  const limits = { spend: async (_: string, caller: string) => void counters.add(caller) } as unknown as RateLimits;
  const failed = new FailedLogins(limits);
  for (let i = 0; i < 2 * COUNTERS; i++) await failed.count('192.0.2.1', `nobody-${i}`);
  expect(counters.size).toBeLessThanOrEqual(COUNTERS);
  expect(counters.size, 'and not with a few').toBeGreaterThan(COUNTERS / 2);
});

it('refuses the one too many of a name and a network, and others not', async () => {
  const failed = new FailedLogins(new RateLimits(true));
  for (let i = 0; i < LIMITS['failed logins']; i++) await failed.count('192.0.2.1', 'ada');
  await expect(failed.count('192.0.2.1', 'ada')).rejects.toMatchObject({ code: 'TOOMANYREQUESTS' });
  await failed.count('192.0.2.1', 'grace');
  await failed.count('192.0.2.2', 'ada');
});
