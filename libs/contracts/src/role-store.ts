import { z } from 'zod';
import { RoleStore } from '#auth';
import { contract, look, repeatable } from './contract.js';
import { actor, id, numberedListOf, numberedPage, packageRole } from './shapes.js';

const target = z.object({ kind: z.enum(['package', 'source']), id });

const holder = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('user'), login: z.string() }),
  z.object({ kind: z.literal('team'), slug: z.string() }),
  z.object({ kind: z.literal('workflows'), sourceId: id }),
]);

const entry = z.object({ kind: z.enum(['user', 'team', 'workflows']), id, name: z.string(), role: packageRole });

export const roleStore = contract(RoleStore, {
  list: look([target, numberedPage], numberedListOf(entry)),
  set: repeatable([target, holder, packageRole.optional(), actor], z.boolean()),
});
