import type { RepositoryName } from '#oci';
import type { Visibility } from '#registry';
import type { Principal, Subject, TokenHolder } from './principal.js';

export type PackageRole = 'read' | 'write' | 'admin';

/** All that `authorize()` looks at for one principal and one name, read in one statement. */
export interface AccessFacts {
  /** Absent for an anonymous caller. */
  subject: Subject | undefined;
  /** What holds the token back, whatever its owner may do. */
  limits: TokenLimits;
  /** The name's first component; absent when nobody owns it. */
  namespace: NamespaceFacts | undefined;
  /** Absent when there is no live package. */
  package: PackageFacts | undefined;
}

export interface NamespaceFacts {
  id: number;
  kind: 'user' | 'organisation';
  role: 'owner' | 'member' | undefined;
}

export interface PackageFacts {
  id: number;
  visibility: Visibility;
  /** The subject's roles on this package, by where they come from. Inherited ones only while the package inherits. */
  roles: Record<'direct' | 'team' | 'inherited', PackageRole | undefined>;
  /** Whether the subject uploaded first. */
  isPublisher: boolean;
  /** Whether a manifest was pushed. */
  isPublished: boolean;
}

export interface TokenLimits {
  /** The token is restricted to organisations or packages, and this is none of them. */
  isConfinedElsewhere: boolean;
  /** The namespace demands single sign-on, and the token was not authorised for it. */
  lacksSignOn: boolean;
}

export const NO_LIMITS: TokenLimits = { isConfinedElsewhere: false, lacksSignOn: false };

/** Reads what decisions rest on; always the present state, so that a revocation acts on the next request. */
export abstract class AccessFactsStore {
  /** The facts, or `revoked` when the principal's token, user, source or trust policy is revoked, expired, disabled or gone. */
  abstract find(principal: Principal, name: RepositoryName): Promise<AccessFacts | 'revoked'>;

  /** The same with the deleted package of this id in the place of the live one: its roles stay with it. */
  abstract findOfDeleted(
    principal: Principal,
    name: RepositoryName,
    packageId: number,
  ): Promise<AccessFacts | 'revoked'>;

  /** The holder of a token by the SHA-256 of its text; undefined for an unknown, revoked or expired one or a disabled user. */
  abstract findTokenHolder(hash: Uint8Array): Promise<TokenHolder | undefined>;

  /**
   * The facts for a user by login, as if they came with a token that holds nothing back; of nobody in particular where it is
   * undefined or nobody's.
   */
  abstract findForUser(login: string | undefined, name: RepositoryName): Promise<AccessFacts>;

  /** The subject that a bearer token's principal stands for; undefined when it is no more, or anonymous. */
  abstract findSubject(principal: Principal): Promise<Subject | undefined>;
}
