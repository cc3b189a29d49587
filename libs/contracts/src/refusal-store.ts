import { z } from 'zod';
import { RefusalStore } from '#auth';
import { change, contract, look } from './contract.js';
import { id, nothing } from './shapes.js';

const counted = z.object({ identity: z.string(), action: z.string(), rule: z.string(), count: z.int() });

export const refusalStore = contract(RefusalStore, {
  record: change([z.array(counted.extend({ packageId: id }))], nothing),
  list: look([id], z.array(counted.extend({ firstAt: z.date(), lastAt: z.date() }))),
});
