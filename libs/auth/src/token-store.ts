import type { Actor } from '#registry';
import type { TokenScope } from './principal.js';

/** What a token is held to, beside its owner's rights. */
export interface TokenBounds {
  scopes: TokenScope[];
  /** The only namespace that it acts in, by path. */
  namespace: string | undefined;
  /** The only packages that it acts on, by id. */
  packageIds: number[] | undefined;
  expiresAt: Date | undefined;
  /** Organisations with single sign-on that it is authorised for. */
  signedOnTo: string[];
  /** Whether it is the session of somebody who signed in there, which needs no authorisation. */
  isSignedOn: boolean;
}

/** A personal access token as its owner sees it: without the token. */
export interface TokenRecord extends TokenBounds {
  id: number;
  name: string;
  /** Current names of those packages; one that is gone has none. */
  packages: string[] | undefined;
  createdAt: Date;
  lastUsedAt: Date | undefined;
  /** False for scanners and health checks: what it pulls is no download. */
  countsPulls: boolean;
}

/** What a token is to be confined to; undefined for nothing. */
export interface TokenConfinement {
  /** A namespace's path. */
  namespace: string | undefined;
  /** Full names, 100 at most. */
  packages: string[] | undefined;
}

/** A token to be made. */
export interface TokenDraft extends TokenConfinement {
  name: string;
  hash: Uint8Array<ArrayBuffer>;
  scopes: TokenScope[];
  expiresInDays: number | undefined;
  countsPulls: boolean;
}

/** Personal access tokens, as their owners keep them. Every change is audited in its own transaction and acts at once. */
export abstract class TokenStore {
  /** The user of this login, in any capitals. */
  abstract findUser(login: string): Promise<number | undefined>;

  /** Live tokens by id, from `after` on. */
  abstract list(userId: number, limit: number, after: number): Promise<TokenRecord[]>;

  /** A live token, or the one behind a session, as what it may do bounds what it may make. */
  abstract find(userId: number, tokenId: number): Promise<TokenRecord | undefined>;

  /**
   * The new token. `unknown namespace`, `unknown package` where it is to be confined to what is not there; `full` for a
   * user with 1,000 live tokens.
   */
  abstract create(
    userId: number,
    draft: TokenDraft,
    actor: Actor,
  ): Promise<TokenRecord | 'unknown namespace' | 'unknown package' | 'full'>;

  /** Ends a live token and makes another with the same name, bounds, authorisations and end. Undefined when it is not there. */
  abstract rotate(
    userId: number,
    tokenId: number,
    hash: Uint8Array<ArrayBuffer>,
    actor: Actor,
  ): Promise<TokenRecord | undefined>;

  /**
   * Confines a live token, and sessions opened with it, to these and nothing else, in place of what it was confined to. Undefined when
   * the user has no such token.
   */
  abstract confine(
    userId: number,
    tokenId: number,
    to: TokenConfinement,
    actor: Actor,
  ): Promise<TokenRecord | 'unknown namespace' | 'unknown package' | undefined>;

  /** Ends a live token, and sessions opened with it. False when the user has no such token. */
  abstract revoke(userId: number, tokenId: number, actor: Actor): Promise<boolean>;

  /**
   * Lets a token act, or no longer, in an organisation that requires single sign-on; sessions opened with it lose that, too.
   * False when either is not there.
   */
  abstract setSignedOn(
    userId: number,
    tokenId: number,
    organisation: string,
    isSignedOn: boolean,
    actor: Actor,
  ): Promise<boolean>;

  /** Notes when tokens were last used, the latest time of each. At most 1,000 at a time; safe to repeat. */
  abstract recordUses(uses: Array<{ tokenId: number; at: Date }>): Promise<void>;
}

/**
 * Whether one token may make, rotate or end another: only one that could do no more than itself. So a token that leaked gives
 * nobody a stronger one, or one that lives longer.
 */
export function mayManage(own: TokenBounds, other: TokenBounds): boolean {
  const isWithinScopes = other.scopes.every((scope) => own.scopes.includes(scope));
  const isWithinNamespace = own.namespace === undefined || own.namespace === other.namespace;
  const isWithinPackages =
    own.packageIds === undefined || other.packageIds?.every((id) => own.packageIds?.includes(id)) === true;
  const isWithinTime =
    own.expiresAt === undefined || (other.expiresAt !== undefined && other.expiresAt <= own.expiresAt);
  const isWithinSignOn =
    own.isSignedOn || other.signedOnTo.every((organisation) => own.signedOnTo.includes(organisation));
  return isWithinScopes && isWithinNamespace && isWithinPackages && isWithinTime && isWithinSignOn;
}
