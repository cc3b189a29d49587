/** Scopes of personal access tokens, as on GitHub; `admin:registry` is the operator's. */
export const TOKEN_SCOPES = [
  'read:packages',
  'write:packages',
  'delete:packages',
  'admin:org',
  'admin:registry',
] as const;
export type TokenScope = (typeof TOKEN_SCOPES)[number];

/** Who a request comes from. What it may do is looked up for each request, never kept here. */
export type Principal = { kind: 'anonymous' } | { kind: 'user'; userId: number; tokenId: number } | WorkflowPrincipal;

/** A CI job that proved by its OIDC token what it is: a workflow of this source, by this trust policy. */
export interface WorkflowPrincipal {
  kind: 'workflow';
  /** The OIDC token's subject, for logs and for its owners to read; nothing is decided by it. */
  subject: string;
  policyId: number;
  sourceId: number;
  /** The source's namespace, the only one in which it has any right. */
  namespaceId: number;
}

export const ANONYMOUS: Principal = { kind: 'anonymous' };

/** A personal access token together with its owner, as the database knows them now. */
export interface TokenHolder {
  userId: number;
  tokenId: number;
  login: string;
  scopes: TokenScope[];
}

/** A principal as the database knows it now: alive, not revoked. */
export type Subject = ({ kind: 'user' } & TokenHolder) | WorkflowPrincipal;
