import type { Actor } from '#registry';
import type { TokenScope } from './principal.js';

/** A token as the database keeps it: without the token. */
export interface NewToken {
  login: string;
  name: string;
  hash: Uint8Array<ArrayBuffer>;
  scopes: TokenScope[];
  expiresInDays: number | undefined;
}

/** Users, organisations and tokens, as operators make them. Every change is audited in its own transaction. */
export abstract class AccountStore {
  /** False when the name is taken, by a user or an organisation, in any capitals. */
  abstract createUser(login: string, actor: Actor): Promise<boolean>;

  /** As `createUser`. The namespace is the organisation. */
  abstract createOrganisation(login: string, actor: Actor): Promise<boolean>;

  /** The organisation's namespace, by its name in any capitals. */
  abstract findOrganisation(login: string): Promise<number | undefined>;

  /** Locks a user out, or lets them in again: their tokens, sessions and sign-ons. False when there is no such user. */
  abstract setDisabled(login: string, isDisabled: boolean, actor: Actor): Promise<boolean>;

  /** The token's id and end; undefined when there is no such user. */
  abstract createToken(token: NewToken, actor: Actor): Promise<{ id: number; expiresAt: Date | undefined } | undefined>;

  /** Ends a token at once. False when the user has no such token. */
  abstract revokeToken(login: string, tokenId: number, actor: Actor): Promise<boolean>;

  /** Makes sure that user `admin` exists and that this is its only operator token. Safe to repeat. */
  abstract ensureAdministrator(tokenHash: Uint8Array<ArrayBuffer>): Promise<void>;
}
