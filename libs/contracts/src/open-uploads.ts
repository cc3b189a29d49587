import { z } from 'zod';
import { OpenUploads } from '#registry';
import { change, contract, look } from './contract.js';
import { actor, pageOf, pageRequest } from './shapes.js';

const upload = z.object({
  id: z.string(),
  package: z.string(),
  principal: z.string(),
  login: z.string().optional(),
  state: z.enum(['open', 'completing']),
  isDirect: z.boolean(),
  bytes: z.number(),
  createdAt: z.date(),
  busyUntil: z.date().optional(),
  expiresAt: z.date(),
});

export const openUploads = contract(OpenUploads, {
  list: look([pageRequest], pageOf(upload)),
  cancel: change([z.string(), actor], z.boolean()),
});
