import { z } from 'zod';
import { PackageDirectory } from '#registry';
import { change, contract, look } from './contract.js';
import {
  actor,
  id,
  numberedListOf,
  numberedPage,
  packageMetadata,
  repositoryName,
  tooManyDownloads,
  viewer,
  visibility,
} from './shapes.js';

const owner = z.object({ id, login: z.string(), kind: z.enum(['user', 'organisation']) });
const details = z.object({
  id,
  name: repositoryName,
  owner,
  visibility,
  versionCount: z.int(),
  createdAt: z.date(),
  updatedAt: z.date(),
  source: z.object({ id, url: z.string() }).optional(),
  metadata: packageMetadata.optional(),
});

const query = z.object({ ownerId: id, viewer, visibility: visibility.optional() });

export const packageDirectory = contract(PackageDirectory, {
  findOwner: look([z.string()], owner.optional()),
  list: look([query, numberedPage], numberedListOf(details)),
  find: look([id], details.optional()),
  remove: change([id, actor], z.union([z.enum(['removed', 'unknown']), tooManyDownloads])),
  findDeleted: look([repositoryName], id.optional()),
  restore: change([id, actor], z.enum(['restored', 'unknown', 'name in use'])),
});
