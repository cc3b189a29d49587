import { z } from 'zod';
import { AccountStore, TOKEN_SCOPES } from '#auth';
import { change, contract, look, repeatable } from './contract.js';
import { actor, bytes, id, nothing } from './shapes.js';

const newToken = z.object({
  login: z.string(),
  name: z.string(),
  hash: bytes,
  scopes: z.array(z.enum(TOKEN_SCOPES)),
  expiresInDays: z.int().optional(),
});

export const accountStore = contract(AccountStore, {
  createUser: change([z.string(), actor], z.boolean()),
  createOrganisation: change([z.string(), actor], z.boolean()),
  findOrganisation: look([z.string()], id.optional()),
  setDisabled: repeatable([z.string(), z.boolean(), actor], z.boolean()),
  createToken: change([newToken, actor], z.object({ id, expiresAt: z.date().optional() }).optional()),
  revokeToken: change([z.string(), id, actor], z.boolean()),
  ensureAdministrator: repeatable([bytes], nothing),
});
