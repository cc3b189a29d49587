import { z } from 'zod';
import { GC_KINDS, GC_STEPS, GcRuns } from '#registry';
import { change, contract, look, repeatable } from './contract.js';
import { actor, digest, freedBytes, id, pageOf, pageRequest } from './shapes.js';

const request = z.object({ grace: z.int().optional(), isDryRun: z.boolean() });
const kind = z.enum(GC_KINDS);

const run = request.extend({
  id,
  state: z.enum(['queued', 'running', 'done', 'failed']),
  step: z.enum(GC_STEPS).optional(),
  requestedBy: z.string(),
  createdAt: z.date(),
  startedAt: z.date().optional(),
  finishedAt: z.date().optional(),
  error: z.string().optional(),
  counts: z.array(z.object({ kind, count: z.number(), bytes: z.number(), freed: freedBytes.optional() })),
});

const entry = z.object({
  id: z.int(),
  at: z.date(),
  kind,
  packageId: id.optional(),
  digest: digest.optional(),
  bytes: z.number(),
  reason: z.string(),
});

const mode = z.enum(['on', 'paused', 'off']);
const control = z.object({ mode, pace: z.int().optional() });
const controlChange = z.object({
  mode: mode.optional(),
  pace: z.union([z.int(), z.literal('as fast as it goes')]).optional(),
});

const use = z.object({
  measuredAt: z.date(),
  blobs: z.number(),
  storedBytes: z.number(),
  links: z.number(),
  logicalBytes: z.number(),
  awaiting: z.number(),
  awaitingBytes: z.number(),
});

export const gcRuns = contract(GcRuns, {
  start: change([request, actor], id),
  find: look([id], run.optional()),
  list: look([pageRequest], pageOf(run)),
  entries: look([id.optional(), pageRequest], pageOf(entry)),
  control: look([], control),
  changeControl: repeatable([controlChange, actor], control),
  spend: change([z.int()], z.object({ mode, waitMs: z.number() })),
  storageUse: look([], use),
});
