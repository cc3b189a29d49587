import { z } from 'zod';
import { Tombstones } from '#registry';
import { change, contract, look, lookUp } from './contract.js';
import { digest, id, nothing, pageOf, pageRequest, reference } from './shapes.js';

const tombstone = z.object({
  removedAt: z.date(),
  removedBy: z.object({ kind: z.enum(['user', 'workflow', 'rule']), name: z.string() }),
  digest,
  restorableUntil: z.date().optional(),
});

const details = tombstone.extend({
  reference: z.string(),
  versionId: id.optional(),
  asked: z.number(),
  askedAt: z.date().optional(),
  askedBy: z.string().optional(),
});

const asked = z.object({
  packageId: id,
  reference: z.string(),
  count: z.int(),
  lastAt: z.date(),
  lastBy: z.string(),
});

export const tombstones = contract(Tombstones, {
  find: lookUp([id, reference], tombstone.optional()),
  list: look([id, pageRequest], pageOf(details)),
  count: change([z.array(asked)], nothing),
});
