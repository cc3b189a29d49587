import { z } from 'zod';
import { MemberStore } from '#auth';
import { change, contract, look, repeatable } from './contract.js';
import { actor, id, member, memberRole, numberedListOf, numberedPage } from './shapes.js';

export const memberStore = contract(MemberStore, {
  list: look([id, memberRole.optional(), numberedPage], numberedListOf(member)),
  find: look([id, z.string()], member.optional()),
  set: repeatable([id, z.string(), memberRole, actor], z.union([member, z.enum(['unknown user', 'last owner'])])),
  remove: change([id, z.string(), actor], z.enum(['removed', 'unknown user', 'last owner'])),
});
