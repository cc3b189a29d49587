import { z } from 'zod';
import { TrustPolicyStore } from '#auth';
import { change, contract, look } from './contract.js';
import { actor, id } from './shapes.js';

const written = z.object({
  name: z.string(),
  issuer: z.string(),
  audience: z.string(),
  conditions: z.record(z.string(), z.string()),
  countsPulls: z.boolean(),
});

const policy = written.extend({
  id,
  namespaceId: id,
  namespace: z.string(),
  sourceId: id.optional(),
  source: z.string().optional(),
  sourceUrl: z.string().optional(),
});

export const trustPolicyStore = contract(TrustPolicyStore, {
  findByIssuer: look([z.string(), z.array(z.string()), z.int()], z.array(policy)),
  findSource: look([id, z.string()], id.optional()),
  list: look([z.string(), z.int(), z.int()], z.array(policy).optional()),
  create: change(
    [z.string(), written.extend({ source: z.string() }), actor],
    z.union([policy, z.literal('full')]).optional(),
  ),
  remove: change([z.string(), id, actor], z.boolean()),
});
