import type { Actor } from '#registry';

const rule = (name: string): Actor => ({
  principal: `rule:${name}`,
  userId: undefined,
  login: `rule:${name}`,
  isOverriding: false,
});

/** Who acts where a rule does. */
export const BY_UNTAGGED = rule('untagged');
export const BY_RETENTION = rule('retention');
export const BY_BUILD_CACHE_BUDGET = rule('build-cache-budget');
