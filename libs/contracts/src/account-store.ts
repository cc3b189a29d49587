import { z } from 'zod';
import { AccountStore } from '#auth';
import { change, contract, look, repeatable } from './contract.js';
import { actor, bytes, id, memberRole, nothing, pageOf, pageRequest } from './shapes.js';

const user = z.object({
  login: z.string(),
  isDisabled: z.boolean(),
  createdAt: z.date(),
  tokens: z.int(),
  organisations: z.array(z.object({ login: z.string(), role: memberRole })),
});

const organisation = z.object({
  login: z.string(),
  createdAt: z.date(),
  owners: z.int(),
  members: z.int(),
  requiresSignOn: z.boolean(),
});

export const accountStore = contract(AccountStore, {
  createUser: change([z.string(), actor], z.boolean()),
  createOrganisation: change([z.string(), actor], z.boolean()),
  listUsers: look([pageRequest], pageOf(user)),
  findUser: look([z.string()], user.optional()),
  listOrganisations: look([pageRequest], pageOf(organisation)),
  findOrganisation: look([z.string()], id.optional()),
  setDisabled: repeatable([z.string(), z.boolean(), actor], z.boolean()),
  ensureAdministrator: repeatable([bytes], nothing),
});
