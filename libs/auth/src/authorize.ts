import type { AccessFacts, PackageRole } from './access-facts.js';
import type { TokenScope } from './principal.js';

/** What can be done to a repository. */
export const ACTIONS = ['pull', 'push', 'delete', 'administer'] as const;
export type Action = (typeof ACTIONS)[number];

/** A decision is a value: what was decided, and by which rule, so that it can be counted and explained. */
export interface Decision {
  isAllowed: boolean;
  rule: Rule;
}

export type Rule =
  | 'administrator'
  | 'namespace owner'
  | 'first publisher'
  | 'role on the package'
  | 'member may publish'
  | 'internal package'
  | 'public package'
  | 'token scope missing'
  | 'no right'
  | 'no package in name'
  | 'nobody owns the name';

const RANK: Record<PackageRole, number> = { read: 1, write: 2, admin: 3 };
const NEEDED_ROLE: Record<Action, PackageRole> = { pull: 'read', push: 'write', delete: 'admin', administer: 'admin' };
const NEEDED_SCOPES: Record<Action, TokenScope[]> = {
  pull: ['read:packages', 'write:packages'],
  push: ['write:packages'],
  delete: ['delete:packages'],
  administer: ['write:packages'],
};

const allow = (rule: Rule): Decision => ({ isAllowed: true, rule });
const refuse = (rule: Rule): Decision => ({ isAllowed: false, rule });

/**
 * The one place that decides. Denies by default; a token never gives more than its owner's rights, and no right without
 * the token's scope. `hasPackage` is false for names of one component, which nobody can publish under.
 */
export function authorize(action: Action, facts: AccessFacts, hasPackage = true): Decision {
  if (!hasPackage) return refuse('no package in name');
  const { subject } = facts;
  if (action === 'pull' && facts.package?.visibility === 'public') return allow('public package');
  if (!subject) return refuse('no right');
  const isAdministrator = subject.scopes.includes('admin:registry');
  if (!isAdministrator && !facts.namespace) return refuse('nobody owns the name');
  const granted = isAdministrator ? allow('administrator') : decideByRole(action, facts);
  if (!granted.isAllowed) return granted;
  return NEEDED_SCOPES[action].some((scope) => subject.scopes.includes(scope))
    ? granted
    : refuse('token scope missing');
}

function decideByRole(action: Action, { namespace, package: pkg }: AccessFacts): Decision {
  const needed = RANK[NEEDED_ROLE[action]];
  if (namespace?.role === 'owner') return allow('namespace owner');
  if (pkg?.isPublisher) return allow('first publisher');
  if (pkg?.role && RANK[pkg.role] >= needed) return allow('role on the package');
  if (!pkg && namespace?.role === 'member' && (action === 'push' || action === 'pull'))
    return allow('member may publish');
  if (pkg?.visibility === 'internal' && namespace?.role === 'member' && action === 'pull')
    return allow('internal package');
  return refuse('no right');
}
