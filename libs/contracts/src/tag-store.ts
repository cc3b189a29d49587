import { z } from 'zod';
import { TagStore } from '#registry';
import { change, contract, look } from './contract.js';
import { actor, id, pageOf, pageRequest } from './shapes.js';

export const tagStore = contract(TagStore, {
  list: look([id, pageRequest], pageOf(z.string())),
  remove: change([id, z.string(), actor], z.boolean()),
});
