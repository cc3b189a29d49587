import type { RepositoryName } from '#oci';
import type { Visibility } from '#registry';
import type { Principal, TokenHolder } from './principal.js';

export type PackageRole = 'read' | 'write' | 'admin';

/** All that `authorize()` looks at for one principal and one repository, read in one statement. */
export interface AccessFacts {
  /** Absent for an anonymous caller. */
  subject: TokenHolder | undefined;
  /** Absent when nobody owns the name's first component. */
  namespace: { kind: 'user' | 'organisation'; role: 'owner' | 'member' | undefined } | undefined;
  /** Absent when there is no live package. `role` is the highest that was given to the subject on this package. */
  package:
    | { id: number; visibility: Visibility; role: PackageRole | undefined; isPublisher: boolean; isPublished: boolean }
    | undefined;
}

/** Reads what decisions rest on; always the present state, so that a revocation acts on the next request. */
export abstract class AccessFactsStore {
  /** The facts, or `revoked` when the principal's token or user is revoked, expired, disabled or gone. */
  abstract find(principal: Principal, name: RepositoryName): Promise<AccessFacts | 'revoked'>;

  /** The holder of a token by the SHA-256 of its text; undefined for an unknown, revoked or expired one or a disabled user. */
  abstract findTokenHolder(hash: Uint8Array): Promise<TokenHolder | undefined>;

  /** The same by the token's id, for principals that come with a bearer token. */
  abstract findPrincipal(principal: Principal & { kind: 'user' }): Promise<TokenHolder | undefined>;
}
