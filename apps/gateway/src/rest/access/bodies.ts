import { z } from 'zod';
import { VISIBILITIES } from '#registry';

// Bodies of calls that change organisations, teams, sources and access lists. Where GitHub has the call, fields that Berth
// has no use for are ignored; in Berth's own they are refused.

const text = (max: number) =>
  z
    .string()
    .max(max)
    .refine((value) => !value.includes('\0'), 'no NUL');
const id = z
  .int()
  .min(1)
  .max(2 ** 31 - 1);

export const NewTeam = z.object({
  name: text(100).min(1),
  description: text(1000).nullish(),
  parent_team_id: id.nullish(),
});
export const TeamPatch = NewTeam.partial();
export const Membership = z.object({ role: z.enum(['admin', 'member']).default('member') });
export const NewSource = z.strictObject({ url: text(2000) });
export const Role = z.strictObject({ role: z.enum(['read', 'write', 'admin']) });
export const AccessPatch = z.strictObject({
  visibility: z.enum(VISIBILITIES).optional(),
  source_id: id.nullable().optional(),
  inherits: z.boolean().optional(),
});
