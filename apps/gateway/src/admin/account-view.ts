import { z } from 'zod';
import type { AccountRecord } from '#auth';

/** A user, as operators are told of one. */
export const AccountSchema = z.object({
  login: z.string(),
  disabled: z.boolean(),
  created_at: z.string(),
  tokens: z.int().describe('Live personal access tokens'),
  organisations: z
    .array(z.object({ login: z.string(), role: z.enum(['owner', 'member']) }))
    .describe('The first 100 by name'),
});
export type AccountAnswer = z.output<typeof AccountSchema>;

export const accountAnswer = ({ isDisabled, createdAt, ...rest }: AccountRecord): AccountAnswer => ({
  ...rest,
  disabled: isDisabled,
  created_at: createdAt.toISOString(),
});
