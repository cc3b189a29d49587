import { z } from 'zod';
import { WaitingDeletions } from '#registry';
import { change, contract, look } from './contract.js';
import { actor, pageOf, pageRequest } from './shapes.js';

const deletion = z.object({
  objectKey: z.string(), // reconcile finds whatever lies in the store
  size: z.number().optional(),
  notBefore: z.date(),
  againAt: z.date().optional(),
  isRepeat: z.boolean(),
  isStray: z.boolean(),
  triedAt: z.date().optional(),
  tries: z.int(),
});

export const waitingDeletions = contract(WaitingDeletions, {
  list: look([pageRequest], pageOf(deletion)),
  retry: change([z.string().optional(), actor], z.int()),
});
