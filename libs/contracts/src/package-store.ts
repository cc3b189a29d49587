import { z } from 'zod';
import { PackageStore } from '#registry';
import { contract, look, repeatable } from './contract.js';
import { actor, id, pageOf, pageRequest, repositoryName, viewer, visibility } from './shapes.js';

export const packageStore = contract(PackageStore, {
  ensure: repeatable([repositoryName, actor], id),
  list: look([viewer, pageRequest], pageOf(repositoryName)),
  setVisibility: repeatable([z.union([id, repositoryName]), visibility, actor], z.boolean()),
});
