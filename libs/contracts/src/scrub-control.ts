import { z } from 'zod';
import { DAMAGES, ScrubControl } from '#registry';
import { contract, look, repeatable } from './contract.js';
import { actor, digest, id, nothing, pageOf, pageRequest } from './shapes.js';

const settings = z.object({ mode: z.enum(['on', 'off']), pace: z.int() });

const pass = z.object({
  id,
  requestedBy: z.string().optional(),
  startedAt: z.date(),
  finishedAt: z.date().optional(),
  blobs: z.number(),
  bytes: z.number(),
  damaged: z.number(),
  healed: z.number(),
});

const missing = z.object({
  id: z.int(),
  digest,
  size: z.number(),
  objectKey: z.string(),
  since: z.date(),
  damage: z.enum(DAMAGES).optional(),
  packages: z.array(z.string()),
});

export const scrubControl = contract(ScrubControl, {
  settings: look([], settings),
  set: repeatable([settings, actor], nothing),
  passes: look([pageRequest], pageOf(pass)),
  // While the pass is under way, another one does not begin.
  start: repeatable([actor], id),
  missing: look([pageRequest], pageOf(missing)),
});
