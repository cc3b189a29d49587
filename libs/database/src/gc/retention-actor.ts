import type { Actor } from '#registry';

/** Who acts where a retention policy does. */
export const BY_RETENTION: Actor = {
  principal: 'rule:retention',
  userId: undefined,
  login: 'rule:retention',
  isOverriding: false,
};
