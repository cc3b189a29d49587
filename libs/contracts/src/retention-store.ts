import { z } from 'zod';
import { RetentionStore } from '#registry';
import { change, contract, look, repeatable } from './contract.js';
import { actor, digest, id } from './shapes.js';

const rule = z.object({
  tags: z.string().optional(),
  newest: z.int().optional(),
  pushedWithin: z.int().optional(),
  pulledWithin: z.int().optional(),
});
const policy = z.object({ tags: z.string().optional(), keep: z.array(rule) });
const inForce = policy.extend({ holder: z.enum(['package', 'namespace']), revision: z.string() });
const holder = z.union([z.object({ packageId: id }), z.object({ namespaceId: id })]);

const place = z.object({ pushedAt: z.number(), versionId: id, name: z.string() });
const tag = place.extend({
  digest,
  pulledAt: z.number().optional(),
  isBuildCache: z.boolean(),
  protection: z.object({ rule: z.string(), reason: z.string() }).optional(),
  about: digest.optional(),
});

export const retentionStore = contract(RetentionStore, {
  find: look([holder], policy.optional()),
  set: repeatable([holder, policy, actor], z.boolean()),
  remove: change([holder, actor], z.boolean()),
  findInForce: look([id], inForce.optional()),
  tags: look(
    [id, z.int(), place.optional()],
    z.object({ tags: z.array(tag), now: z.number(), next: place.optional() }),
  ),
  findPackage: look([z.string()], id.optional()),
});
