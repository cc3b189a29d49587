import { z } from 'zod';
import { RetentionStore } from '#registry';
import { change, contract, look, repeatable } from './contract.js';
import { actor, digest, id, repositoryName } from './shapes.js';

const rule = z.object({
  tags: z.string().optional(),
  newest: z.int().optional(),
  pushedWithin: z.int().optional(),
  pulledWithin: z.int().optional(),
});
const policy = z.object({ tags: z.string().optional(), keep: z.array(rule) });
const inForce = policy.extend({ holder: z.enum(['package', 'namespace']), revision: z.string() });
const holder = z.union([z.object({ packageId: id }), z.object({ namespaceId: id })]);

export const tagPlace = z.object({ pushedAt: z.number(), versionId: id, name: z.string() });
const tag = tagPlace.extend({
  digest,
  pulledAt: z.number().optional(),
  isBuildCache: z.boolean(),
  protection: z.object({ rule: z.string(), reason: z.string() }).optional(),
  about: digest.optional(),
});

const tags = z.object({ tags: z.array(tag), now: z.number(), next: tagPlace.optional() });

export const retentionStore = contract(RetentionStore, {
  find: look([holder], policy.optional()),
  set: repeatable([holder, policy, actor], z.boolean()),
  remove: change([holder, actor], z.boolean()),
  findInForce: look([id], inForce.optional()),
  tags: look([id, z.int(), tagPlace.optional()], tags),
  tagsUpTo: look([id, z.array(id), tagPlace, z.int(), tagPlace.optional()], tags),
  packagesUnder: look(
    [id, z.int(), z.int().optional()],
    z.object({ packages: z.array(z.object({ packageId: id, name: repositoryName })), next: id.optional() }),
  ),
  findPackage: look([z.string()], id.optional()),
  findNamespace: look([z.string()], id.optional()),
});
