import { z } from 'zod';
import { PackageSettings } from '#registry';
import { contract, look, repeatable } from './contract.js';
import { actor, id } from './shapes.js';

const allowSparse = z.boolean();
const untaggedAfter = z.union([z.int(), z.enum(['never', 'instance'])]);
const buildCacheBudget = z.union([z.int(), z.enum(['unlimited', 'instance'])]);
const settings = z.object({ allowSparse, untaggedAfter, buildCacheBudget });
const change = z.object({
  allowSparse: z.exactOptional(allowSparse),
  untaggedAfter: z.exactOptional(untaggedAfter),
  buildCacheBudget: z.exactOptional(buildCacheBudget),
});

const rule = z.object({ pattern: z.string(), isImmutable: z.boolean(), publishers: z.array(z.string()).optional() });

export const packageSettings = contract(PackageSettings, {
  find: look([id], settings.optional()),
  change: repeatable([id, change, actor], z.boolean()),
  tagRules: look([id], z.array(rule)),
  setTagRules: repeatable([id, z.array(rule), actor], z.object({ unknown: z.array(z.string()) })),
});
