import type { AccountRecord } from '#auth';

/** A user, as operators are told of one. */
export interface AccountAnswer {
  login: string;
  disabled: boolean;
  created_at: string;
  /** Live personal access tokens. */
  tokens: number;
  /** The first 100 by name. */
  organisations: Array<{ login: string; role: string }>;
}

export const accountAnswer = ({ isDisabled, createdAt, ...rest }: AccountRecord): AccountAnswer => ({
  ...rest,
  disabled: isDisabled,
  created_at: createdAt.toISOString(),
});
