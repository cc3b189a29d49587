export { type AccessFacts, AccessFactsStore, type PackageRole } from './access-facts.js';
export { createAccessToken, hashToken, isPlausibleToken } from './access-token.js';
export { AccountStore, type MemberRole, type NewToken } from './account-store.js';
export { type Action, authorize, type Decision } from './authorize.js';
export { type BearerToken, BearerTokens, type IssuedToken } from './bearer-token.js';
export { bearerChallenge, type Challenge } from './challenge.js';
export { ANONYMOUS, type Principal, TOKEN_SCOPES, type TokenHolder, type TokenScope } from './principal.js';
export { type AccessEntry, parseScopes, REQUESTABLE_ACTIONS, type RequestableAction, scopeFor } from './scope.js';
export { type SigningKey, SigningKeyStore } from './signing-keys.js';
