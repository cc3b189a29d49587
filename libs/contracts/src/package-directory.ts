import { z } from 'zod';
import { PackageDirectory } from '#registry';
import { change, contract, look } from './contract.js';
import {
  actor,
  id,
  numberedListOf,
  numberedPage,
  repositoryName,
  tooManyDownloads,
  viewer,
  visibility,
} from './shapes.js';

const owner = z.object({ id, login: z.string(), kind: z.enum(['user', 'organisation']) });
const text = z.exactOptional(z.string());

const metadata = z.object({
  source: text,
  description: text,
  licenses: text,
  url: text,
  documentation: text,
  version: text,
  revision: text,
  title: text,
  truncated: z.array(
    z.enum(['source', 'description', 'licenses', 'url', 'documentation', 'version', 'revision', 'title']),
  ),
  isSpdx: z.boolean(),
});

const details = z.object({
  id,
  name: repositoryName,
  owner,
  visibility,
  versionCount: z.int(),
  createdAt: z.date(),
  updatedAt: z.date(),
  source: z.object({ id, url: z.string() }).optional(),
  metadata: metadata.optional(),
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
