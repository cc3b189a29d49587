import { z } from 'zod';
import { VersionStore } from '#registry';
import { change, contract, look } from './contract.js';
import { actor, digest, id, manifestClass, numberedListOf, numberedPage, tooManyDownloads } from './shapes.js';

const version = z.object({
  id,
  digest,
  class: manifestClass,
  mediaType: z.string(),
  size: z.int(),
  tags: z.array(z.string()),
  parents: z.array(digest),
  downloads: z.int(),
  lastDownloadAt: z.date().optional(),
  createdAt: z.date(),
  updatedAt: z.date(),
  deletedAt: z.date().optional(),
});

const query = z.object({ packageId: id, state: z.enum(['active', 'deleted']), includeChildren: z.boolean() });

const removal = z.union([
  z.enum(['removed', 'unknown']),
  z.object({ reason: z.literal('needed'), by: digest, tags: z.array(z.string()) }),
  z.object({ reason: z.literal('protected'), tag: z.string(), rule: z.string() }),
  tooManyDownloads,
]);

export const versionStore = contract(VersionStore, {
  list: look([query, numberedPage], numberedListOf(version)),
  find: look([id, id], version.optional()),
  remove: change([id, z.array(id), actor], z.array(removal)),
  restore: change([id, id, actor], z.union([z.enum(['restored', 'unknown']), z.object({ absent: z.array(digest) })])),
});
