import type { RoleEntry, RoleHolder, RoleStore, RoleTarget } from '#auth';
import type { Actor } from '#registry';
import { readRestJson } from '../rest-json.js';
import { notFound } from '../rest-refusal.js';
import type { RestRequest } from '../rest-request.js';
import { Role } from './bodies.js';

export const showRole = ({ kind, id, name, role }: RoleEntry) => ({
  kind,
  id,
  ...(kind === 'user' ? { login: name } : kind === 'team' ? { slug: name } : { url: name }),
  role,
});

/** Gives the role that the body names. Errors: 404 for a holder that is not there; 400. */
export async function giveRole(
  roles: RoleStore,
  target: RoleTarget,
  holder: RoleHolder,
  request: RestRequest,
  actor: Actor,
): Promise<{ role: string }> {
  const { role } = await readRestJson(request, Role);
  return (await roles.set(target, holder, role, actor)) ? { role } : notFound();
}

/** Errors: 404 for a holder that is not there or has no role. */
export async function takeRole(roles: RoleStore, target: RoleTarget, holder: RoleHolder, actor: Actor): Promise<void> {
  if (!(await roles.set(target, holder, undefined, actor))) notFound();
}
