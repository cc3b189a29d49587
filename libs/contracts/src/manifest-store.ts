import { z } from 'zod';
import { ManifestStore } from '#registry';
import { change, contract, look, lookUp, repeatable } from './contract.js';
import {
  actor,
  bytes,
  descriptor,
  digest,
  id,
  manifestClass,
  nothing,
  packageMetadata,
  pageOf,
  pageRequest,
  reference,
} from './shapes.js';

const annotations = z.record(z.string(), z.string()).optional();

const manifest = z.object({
  mediaType: z.string(),
  isIndex: z.boolean(),
  class: manifestClass,
  config: descriptor.optional(),
  layers: z.array(descriptor),
  entries: z.array(descriptor),
  subject: descriptor.optional(),
  artifactType: z.string().optional(),
  annotations,
});

const push = z.object({
  packageId: id,
  actor,
  digest,
  bytes,
  manifest,
  references: z.array(z.object({ digest, size: z.int(), kind: z.enum(['blob', 'manifest']), optional: z.boolean() })),
  tags: z.array(z.string()),
  source: z.object({ url: z.string(), base: z.object({ name: z.string(), digest: z.string() }).optional() }).optional(),
  metadata: packageMetadata.optional(),
});

const referrer = z.object({
  mediaType: z.string(),
  digest,
  size: z.int(),
  artifactType: z.string().optional(),
  annotations,
});

export const manifestStore = contract(ManifestStore, {
  find: lookUp([id, reference], z.object({ digest, mediaType: z.string(), bytes }).optional()),
  put: repeatable([push], nothing),
  remove: change(
    [id, digest, actor],
    z.union([z.literal('removed'), z.literal('unknown'), z.object({ neededBy: digest })]),
  ),
  referrers: look([id, digest, z.string().optional(), pageRequest], pageOf(referrer)),
});
