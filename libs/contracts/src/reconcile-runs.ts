import { z } from 'zod';
import { FINDING_KINDS, ReconcileRuns } from '#registry';
import { change, contract, look } from './contract.js';
import { actor, digest, id, pageOf, pageRequest } from './shapes.js';

const kind = z.enum(FINDING_KINDS);

const run = z.object({
  id,
  state: z.enum(['queued', 'running', 'done', 'failed']),
  isDryRun: z.boolean(),
  requestedBy: z.string().optional(),
  createdAt: z.date(),
  startedAt: z.date().optional(),
  finishedAt: z.date().optional(),
  error: z.string().optional(),
  progress: z.number(),
  objects: z.number(),
  bytes: z.number(),
  unknownObjects: z.number(),
  unknownBytes: z.number(),
  missing: z.number(),
  wrongSize: z.number(),
  uploads: z.number(),
  strayUploads: z.number(),
  kept: z.int(),
});

const finding = z.object({
  id: z.int(),
  kind,
  objectKey: z.string(), // whatever lies in the store
  digest: digest.optional(),
  size: z.number().optional(),
  expectedSize: z.number().optional(),
  deleteAt: z.date().optional(),
  packages: z.array(z.string()),
});

export const reconcileRuns = contract(ReconcileRuns, {
  start: change([z.boolean(), actor], id),
  find: look([id], run.optional()),
  list: look([pageRequest], pageOf(run)),
  findings: look([id, kind.optional(), pageRequest], pageOf(finding)),
});
