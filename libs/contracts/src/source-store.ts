import { z } from 'zod';
import { SourceStore } from '#auth';
import { change, contract, look, repeatable } from './contract.js';
import { actor, id, numberedListOf, numberedPage, visibility } from './shapes.js';

const source = z.object({ id, url: z.string(), createdAt: z.date() });

const link = z.object({
  visibility,
  source: z.object({ id, url: z.string() }).optional(),
  inherits: z.boolean(),
});

export const sourceStore = contract(SourceStore, {
  list: look([id, numberedPage], numberedListOf(source)),
  find: look([id, id], source.optional()),
  create: change([id, z.string(), actor], z.union([source, z.literal('url taken')])),
  remove: change([id, id, actor], z.enum(['removed', 'unknown', 'linked'])),
  findLink: look([id], link.optional()),
  link: repeatable([id, id.optional(), actor], z.enum(['linked', 'unknown source', 'source not writable'])),
  setInherits: repeatable([id, z.boolean(), actor], z.enum(['set', 'not linked'])),
});
