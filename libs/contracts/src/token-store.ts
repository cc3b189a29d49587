import { z } from 'zod';
import { TOKEN_SCOPES, TokenStore } from '#auth';
import { change, contract, look, repeatable } from './contract.js';
import { actor, bytes, id, nothing } from './shapes.js';

const scopes = z.array(z.enum(TOKEN_SCOPES));
const names = z.array(z.string());

const record = z.object({
  id,
  name: z.string(),
  scopes,
  namespace: z.string().optional(),
  packageIds: z.array(id).optional(),
  packages: names.optional(),
  signedOnTo: names,
  isSignedOn: z.boolean(),
  createdAt: z.date(),
  expiresAt: z.date().optional(),
  lastUsedAt: z.date().optional(),
  countsPulls: z.boolean(),
});

const confinement = z.object({ namespace: z.string().optional(), packages: names.optional() });

const draft = confinement.extend({
  name: z.string(),
  hash: bytes,
  scopes,
  expiresInDays: z.int().optional(),
  countsPulls: z.boolean(),
});

export const tokenStore = contract(TokenStore, {
  findUser: look([z.string()], id.optional()),
  list: look([id, z.int(), z.int()], z.array(record)),
  find: look([id, id], record.optional()),
  create: change([id, draft, actor], z.union([record, z.enum(['unknown namespace', 'unknown package', 'full'])])),
  rotate: change([id, id, bytes, actor], record.optional()),
  confine: repeatable(
    [id, id, confinement, actor],
    z.union([record, z.enum(['unknown namespace', 'unknown package'])]).optional(),
  ),
  revoke: change([id, id, actor], z.boolean()),
  setSignedOn: repeatable([id, id, z.string(), z.boolean(), actor], z.boolean()),
  recordUses: repeatable([z.array(z.object({ tokenId: id, at: z.date() }))], nothing),
});
