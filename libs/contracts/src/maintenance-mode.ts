import { z } from 'zod';
import { MaintenanceMode } from '#registry';
import { contract, lookUp, repeatable } from './contract.js';
import { actor } from './shapes.js';

const change = z.object({ isReadOnly: z.boolean(), message: z.string().optional() });
const state = change.extend({ changedBy: z.string().optional(), changedAt: z.date() });

export const maintenanceMode = contract(MaintenanceMode, {
  find: lookUp([], state),
  set: repeatable([change, actor], state),
});
