import { z } from 'zod';
import { TeamStore } from '#auth';
import { change, contract, look, repeatable } from './contract.js';
import { actor, id, member, numberedListOf, numberedPage } from './shapes.js';

const slug = z.string();

const team = z.object({
  id,
  slug,
  name: z.string(),
  description: z.string(),
  parent: z.object({ id, slug, name: z.string() }).optional(),
});

const newTeam = z.object({ name: z.string(), slug, description: z.string(), parentId: id.optional() });

const teamChange = z.object({
  name: z.string().optional(),
  slug: slug.optional(),
  description: z.string().optional(),
  parentId: id.nullish(),
});

const refusal = z.enum(['name taken', 'unknown parent', 'too deep', 'inside itself']);

export const teamStore = contract(TeamStore, {
  list: look([id, slug.optional(), numberedPage], numberedListOf(team)),
  find: look([id, slug], team.optional()),
  create: change([id, newTeam, actor], z.union([team, refusal])),
  change: change([id, slug, teamChange, actor], z.union([team, refusal, z.literal('unknown')])),
  remove: change([id, slug, actor], z.boolean()),
  listMembers: look([id, slug, numberedPage], numberedListOf(member)),
  hasMember: look([id, slug, z.string()], z.boolean()),
  addMember: repeatable(
    [id, slug, z.string(), actor],
    z.enum(['added', 'unknown team', 'no member of the organisation']),
  ),
  removeMember: change([id, slug, z.string(), actor], z.boolean()),
});
