import { z } from 'zod';
import { SignOnStore, TOKEN_SCOPES } from '#auth';
import { change, contract, look, repeatable } from './contract.js';
import { actor, bytes, id, nothing } from './shapes.js';

const identity = z.object({
  issuer: z.string(),
  subject: z.string(),
  login: z.string().optional(),
  groups: z.array(z.string()),
});
const session = z.object({ hash: bytes, lifetime: z.int(), address: z.string().optional() });
const holder = z.object({ userId: id, tokenId: id, login: z.string(), scopes: z.array(z.enum(TOKEN_SCOPES)) });
const rules = z.object({
  isRequired: z.boolean(),
  groups: z.array(z.object({ group: z.string(), team: z.string().optional() })),
});

export const signOnStore = contract(SignOnStore, {
  signIn: change([identity, session], z.union([holder, z.enum(['disabled', 'name taken'])])),
  openWithToken: change([holder, session], holder.optional()),
  findSession: look([bytes, z.int()], holder.extend({ isSignedOn: z.boolean() }).optional()),
  closeSession: repeatable([bytes], nothing),
  link: repeatable([z.string(), z.string(), z.string(), actor], z.boolean()),
  rulesOf: look([id], rules),
  setRules: repeatable([id, rules, actor], z.object({ unknownTeam: z.string() }).optional()),
});
