import { z } from 'zod';
import { AccessFactsStore, TOKEN_SCOPES } from '#auth';
import { contract, look, lookUp } from './contract.js';
import { bytes, id, packageRole, repositoryName, visibility } from './shapes.js';

const workflow = z.object({
  kind: z.literal('workflow'),
  subject: z.string(),
  policyId: id,
  sourceId: id,
  namespaceId: id,
});

const principal = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('anonymous') }),
  z.object({ kind: z.literal('user'), userId: id, tokenId: id }),
  workflow,
]);

const holder = z.object({ userId: id, tokenId: id, login: z.string(), scopes: z.array(z.enum(TOKEN_SCOPES)) });
const subject = z.discriminatedUnion('kind', [holder.extend({ kind: z.literal('user') }), workflow]);
const role = packageRole.optional();

const facts = z.object({
  subject: subject.optional(),
  limits: z.object({ isConfinedElsewhere: z.boolean(), lacksSignOn: z.boolean() }),
  namespace: z
    .object({ id, kind: z.enum(['user', 'organisation']), role: z.enum(['owner', 'member']).optional() })
    .optional(),
  package: z
    .object({
      id,
      visibility,
      roles: z.object({ direct: role, team: role, inherited: role }),
      isPublisher: z.boolean(),
      isPublished: z.boolean(),
    })
    .optional(),
});

export const accessFactsStore = contract(AccessFactsStore, {
  find: lookUp([principal, repositoryName], z.union([facts, z.literal('revoked')])),
  findOfDeleted: look([principal, repositoryName, id], z.union([facts, z.literal('revoked')])),
  findForUser: look([z.string().optional(), repositoryName], facts),
  findTokenHolder: lookUp([bytes], holder.optional()),
  findSubject: lookUp([principal], subject.optional()),
});
