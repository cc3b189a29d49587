export {
  type AccessFacts,
  AccessFactsStore,
  type NamespaceFacts,
  NO_LIMITS,
  type PackageFacts,
  type PackageRole,
  type TokenLimits,
} from './access-facts.js';
export { createAccessToken, hashToken, isPlausibleToken } from './access-token.js';
export { type AccountRecord, AccountStore, type OrganisationRecord } from './account-store.js';
export { type AuditEntry, AuditLog, type AuditQuery } from './audit-log.js';
export {
  ACTIONS,
  type Action,
  authorize,
  type Decision,
  type NamespaceAction,
  type Rule,
} from './authorize.js';
export { type BearerToken, BearerTokens, type IssuedToken } from './bearer-token.js';
export { bearerChallenge, type Challenge } from './challenge.js';
export { type Member, type MemberRole, MemberStore } from './member-store.js';
export {
  ANONYMOUS,
  type Principal,
  type Subject,
  TOKEN_SCOPES,
  type TokenHolder,
  type TokenScope,
  type WorkflowPrincipal,
} from './principal.js';
export { type Refusal, type RefusalCount, RefusalStore } from './refusal-store.js';
export { type RoleEntry, type RoleHolder, RoleStore, type RoleTarget } from './role-store.js';
export { type AccessEntry, parseScopes, REQUESTABLE_ACTIONS, type RequestableAction, scopeFor } from './scope.js';
export { type GroupMapping, type NewSession, type ProvenIdentity, SignOnStore } from './sign-on-store.js';
export { KEY_LEAD, KEY_TAIL, type SigningKey, type SigningKeyRecord, SigningKeyStore } from './signing-keys.js';
export { type PackageLink, type Source, SourceStore } from './source-store.js';
export { MAX_TEAM_DEPTH, type Team, type TeamChange, type TeamRefusal, TeamStore } from './team-store.js';
export {
  mayManage,
  type TokenBounds,
  type TokenConfinement,
  type TokenDraft,
  type TokenRecord,
  TokenStore,
} from './token-store.js';
export { isIdentityToken } from './workload/identity-token.js';
export { type Fetch, IssuerKeys } from './workload/issuer-keys.js';
export type { TrustPolicy } from './workload/trust-policy.js';
export { type NewTrustPolicy, TrustPolicyStore } from './workload/trust-policy-store.js';
export { WorkloadLogin } from './workload/workload-login.js';
