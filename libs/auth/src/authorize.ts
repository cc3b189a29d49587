import type { AccessFacts, NamespaceFacts, PackageFacts, PackageRole } from './access-facts.js';
import type { Subject, TokenScope } from './principal.js';

/** What can be done to a package, a name not pushed yet included. */
export const ACTIONS = ['pull', 'push', 'delete', 'administer'] as const;
export type Action = (typeof ACTIONS)[number];

/** What can be done to a namespace: look at its members, teams and sources, and change them. */
export const NAMESPACE_ACTIONS = ['look', 'govern'] as const;
export type NamespaceAction = (typeof NAMESPACE_ACTIONS)[number];

/** A decision is a value: what was decided, and by which rule, so that it can be counted and explained. */
export interface Decision {
  isAllowed: boolean;
  rule: Rule;
}

export type Rule =
  | 'administrator'
  | 'namespace owner'
  | 'member of the namespace'
  | 'first publisher'
  | 'role on the package'
  | 'role of a team'
  | 'role inherited from the source'
  | 'workflow of the source'
  | 'member may publish'
  | 'workflow may publish'
  | 'internal package'
  | 'public package'
  | 'token scope missing'
  | 'token confined elsewhere'
  | 'token not authorised for single sign-on'
  | 'no right'
  | 'no package in name'
  | 'nobody owns the name';

const RANK: Record<PackageRole, number> = { read: 1, write: 2, admin: 3 };
const NEEDED_ROLE: Record<Action, PackageRole> = { pull: 'read', push: 'write', delete: 'admin', administer: 'admin' };
const NEEDED_SCOPES: Record<Action | NamespaceAction, TokenScope[]> = {
  pull: ['read:packages', 'write:packages'],
  push: ['write:packages'],
  delete: ['delete:packages'],
  administer: ['write:packages'],
  look: ['read:packages', 'write:packages', 'admin:org', 'admin:registry'],
  govern: ['admin:org', 'admin:registry'],
};

const allow = (rule: Rule): Decision => ({ isAllowed: true, rule });
const refuse = (rule: Rule): Decision => ({ isAllowed: false, rule });

/**
 * The one place that decides. Denies by default; a token never gives more than its owner's rights, and no right without
 * the token's scope. `hasPackage` is false for names of one component, which nobody can publish under.
 */
export function authorize(action: Action | NamespaceAction, facts: AccessFacts, hasPackage = true): Decision {
  const isOnNamespace = action === 'look' || action === 'govern';
  if (!isOnNamespace && !hasPackage) return refuse('no package in name');
  const { subject } = facts;
  if (action === 'pull' && facts.package?.visibility === 'public') return allow('public package');
  if (!subject) return refuse('no right');
  const granted = isOnNamespace
    ? decideOnNamespace(action, subject, facts.namespace)
    : decideOnPackage(action, subject, facts);
  return granted.isAllowed ? limit(granted, action, subject, facts) : granted;
}

/** An administrator's own roles go first, so that only what they would not allow counts as overriding. */
function orAdministrator(decision: Decision, subject: Subject): Decision {
  const isAdministrator = subject.kind === 'user' && subject.scopes.includes('admin:registry');
  return !decision.isAllowed && isAdministrator ? allow('administrator') : decision;
}

function decideOnNamespace(action: NamespaceAction, subject: Subject, namespace?: NamespaceFacts): Decision {
  if (!namespace) return refuse('nobody owns the name');
  if (subject.kind === 'workflow') return refuse('no right');
  if (namespace.role === 'owner') return allow('namespace owner');
  if (action === 'look' && namespace.role === 'member') return allow('member of the namespace');
  return orAdministrator(refuse('no right'), subject);
}

function decideOnPackage(action: Action, subject: Subject, facts: AccessFacts): Decision {
  if (!facts.namespace) return orAdministrator(refuse('nobody owns the name'), subject);
  const decision =
    subject.kind === 'workflow'
      ? decideForWorkflow(action, subject.namespaceId, facts.namespace, facts.package)
      : decideForUser(action, facts.namespace, facts.package);
  return orAdministrator(decision, subject);
}

/** The highest of all roles decides; the first that is high enough is named. */
function decideForUser(action: Action, namespace: NamespaceFacts, pkg: PackageFacts | undefined): Decision {
  if (namespace.role === 'owner') return allow('namespace owner');
  const isMember = namespace.role === 'member';
  if (!pkg) return isMember && isFirstPush(action) ? allow('member may publish') : refuse('no right');
  if (isMember && pkg.isPublisher) return allow('first publisher');
  if (suffices(pkg.roles.direct, action)) return allow('role on the package');
  if (suffices(pkg.roles.team, action)) return allow('role of a team');
  if (suffices(pkg.roles.inherited, action)) return allow('role inherited from the source');
  if (isMember && pkg.visibility === 'internal' && action === 'pull') return allow('internal package');
  return refuse('no right');
}

/** A workflow has the roles that its source has, and none outside the source's namespace. */
function decideForWorkflow(
  action: Action,
  ownNamespace: number,
  namespace: NamespaceFacts,
  pkg: PackageFacts | undefined,
): Decision {
  if (namespace.id !== ownNamespace) return refuse('no right');
  if (!pkg) return isFirstPush(action) ? allow('workflow may publish') : refuse('no right');
  if (suffices(pkg.roles.direct, action)) return allow('role on the package');
  if (suffices(pkg.roles.inherited, action)) return allow('workflow of the source');
  return refuse('no right');
}

/** Who may push a name first may also ask whether there is something under it, as clients do before they push. */
const isFirstPush = (action: Action) => action === 'push' || action === 'pull';

const suffices = (role: PackageRole | undefined, action: Action) =>
  role !== undefined && RANK[role] >= RANK[NEEDED_ROLE[action]];

/** What a token holds back of its owner's rights. An administrator who overrides is not held to an organisation's sign-on. */
function limit(
  granted: Decision,
  action: Action | NamespaceAction,
  subject: Subject,
  { limits }: AccessFacts,
): Decision {
  if (subject.kind === 'workflow') return granted;
  if (limits.isConfinedElsewhere) return refuse('token confined elsewhere');
  if (limits.lacksSignOn && granted.rule !== 'administrator') return refuse('token not authorised for single sign-on');
  return NEEDED_SCOPES[action].some((scope) => subject.scopes.includes(scope))
    ? granted
    : refuse('token scope missing');
}
