import { z } from 'zod';
import { next, time } from './shapes.js';

export const MeAnswer = z.object({ login: z.string(), token_id: z.int().nullable() });
export type MeAnswer = z.output<typeof MeAnswer>;

export const MemberAnswer = z.object({ login: z.string(), role: z.enum(['owner', 'member']) });
export type MemberAnswer = z.output<typeof MemberAnswer>;
export const MembersAnswer = z.object({ members: z.array(MemberAnswer), next });
export type MembersAnswer = z.output<typeof MembersAnswer>;

export const UserAnswer = z.object({
  login: z.string(),
  disabled: z.boolean(),
  created_at: time,
  tokens: z.int().describe('Live personal access tokens'),
  organisations: z.array(MemberAnswer).describe('The first 100 by name'),
});
export type UserAnswer = z.output<typeof UserAnswer>;
export const UsersAnswer = z.object({ users: z.array(UserAnswer), next });
export type UsersAnswer = z.output<typeof UsersAnswer>;

export const OrganisationAnswer = z.object({
  login: z.string(),
  created_at: time,
  owners: z.int(),
  members: z.int().describe('Owners included'),
  requires_sign_on: z.boolean(),
});
export type OrganisationAnswer = z.output<typeof OrganisationAnswer>;
export const OrganisationsAnswer = z.object({ orgs: z.array(OrganisationAnswer), next });
export type OrganisationsAnswer = z.output<typeof OrganisationsAnswer>;

/** A user or an organisation that was made. */
export const NewAccountAnswer = z.object({ login: z.string() });
export type NewAccountAnswer = z.output<typeof NewAccountAnswer>;

export const UserChangeAnswer = z.object({ login: z.string(), disabled: z.boolean() });
export type UserChangeAnswer = z.output<typeof UserChangeAnswer>;
