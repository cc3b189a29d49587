import type { AccountRecord } from '#auth';
import type { UserAnswer } from '#contracts';

/** A user, as operators are told of one. */
export const accountAnswer = ({ isDisabled, createdAt, ...rest }: AccountRecord): UserAnswer => ({
  ...rest,
  disabled: isDisabled,
  created_at: createdAt.toISOString(),
});
