import { z } from 'zod';
import { PackageSettings } from '#registry';
import { contract, look, repeatable } from './contract.js';
import { actor, id } from './shapes.js';

const settings = z.object({
  allowSparse: z.boolean(),
  untaggedAfter: z.union([z.int(), z.enum(['never', 'instance'])]),
  buildCacheBudget: z.union([z.int(), z.enum(['unlimited', 'instance'])]),
});

const rule = z.object({ pattern: z.string(), isImmutable: z.boolean(), publishers: z.array(z.string()).optional() });

export const packageSettings = contract(PackageSettings, {
  find: look([id], settings.optional()),
  change: repeatable([id, settings, actor], z.boolean()),
  tagRules: look([id], z.array(rule)),
  setTagRules: repeatable([id, z.array(rule), actor], z.object({ unknown: z.array(z.string()) })),
});
