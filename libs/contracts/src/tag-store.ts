import { z } from 'zod';
import { TagStore } from '#registry';
import { change, contract, look, repeatable } from './contract.js';
import { actor, digest, id, numberedListOf, numberedPage, pageOf, pageRequest } from './shapes.js';

const tagChange = z.object({
  at: z.date(),
  from: digest.optional(),
  to: digest.optional(),
  actor: z.string(),
});

export const tagStore = contract(TagStore, {
  list: look([id, pageRequest], pageOf(z.string())),
  remove: change([id, z.string(), actor], z.boolean()),
  history: look([id, z.string(), numberedPage], numberedListOf(tagChange)),
  set: repeatable([id, z.string(), digest, actor], z.boolean()),
});
