/** Scopes of personal access tokens, as on GHCR; `admin:registry` is the operator's. */
export const TOKEN_SCOPES = ['read:packages', 'write:packages', 'delete:packages', 'admin:registry'] as const;
export type TokenScope = (typeof TOKEN_SCOPES)[number];

/** Who a request comes from. What a token may do is looked up for each request, never kept here. */
export type Principal = { kind: 'anonymous' } | { kind: 'user'; userId: number; tokenId: number };

export const ANONYMOUS: Principal = { kind: 'anonymous' };

/** A personal access token together with its owner, as the database knows them now. */
export interface TokenHolder {
  userId: number;
  tokenId: number;
  login: string;
  scopes: TokenScope[];
}
