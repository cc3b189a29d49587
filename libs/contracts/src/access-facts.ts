import { z } from 'zod';
import { AccessFactsStore, TOKEN_SCOPES } from '#auth';
import { contract, lookUp } from './contract.js';
import { bytes, id, repositoryName, visibility } from './shapes.js';

const user = z.object({ kind: z.literal('user'), userId: id, tokenId: id });
const principal = z.discriminatedUnion('kind', [z.object({ kind: z.literal('anonymous') }), user]);

const holder = z.object({ userId: id, tokenId: id, login: z.string(), scopes: z.array(z.enum(TOKEN_SCOPES)) });

const facts = z.object({
  subject: holder.optional(),
  namespace: z
    .object({ kind: z.enum(['user', 'organisation']), role: z.enum(['owner', 'member']).optional() })
    .optional(),
  package: z
    .object({
      id,
      visibility,
      role: z.enum(['read', 'write', 'admin']).optional(),
      isPublisher: z.boolean(),
      isPublished: z.boolean(),
    })
    .optional(),
});

export const accessFactsStore = contract(AccessFactsStore, {
  find: lookUp([principal, repositoryName], z.union([facts, z.literal('revoked')])),
  findTokenHolder: lookUp([bytes], holder.optional()),
  findPrincipal: lookUp([user], holder.optional()),
});
