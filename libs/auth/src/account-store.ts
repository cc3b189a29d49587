import type { Page, PageRequest } from '#oci';
import type { Actor } from '#registry';
import type { MemberRole } from './member-store.js';

/** A user as operators see one. */
export interface AccountRecord {
  login: string;
  isDisabled: boolean;
  createdAt: Date;
  /** Live personal access tokens. */
  tokens: number;
  /** The first 100 organisations by name, with the role there. */
  organisations: Array<{ login: string; role: MemberRole }>;
}

export interface OrganisationRecord {
  login: string;
  createdAt: Date;
  owners: number;
  /** Owners included. */
  members: number;
  requiresSignOn: boolean;
}

/** Users and organisations, as operators make them. Every change is audited in its own transaction. */
export abstract class AccountStore {
  /** False when the name is taken, by a user or an organisation, in any capitals. */
  abstract createUser(login: string, actor: Actor): Promise<boolean>;

  /** As `createUser`. The namespace is the organisation. */
  abstract createOrganisation(login: string, actor: Actor): Promise<boolean>;

  /** By login in lower case, which is also the key of a page. */
  abstract listUsers(page: PageRequest): Promise<Page<AccountRecord>>;

  /** By login, in any capitals. */
  abstract findUser(login: string): Promise<AccountRecord | undefined>;

  /** As `listUsers`. */
  abstract listOrganisations(page: PageRequest): Promise<Page<OrganisationRecord>>;

  /** The organisation's namespace, by its name in any capitals. */
  abstract findOrganisation(login: string): Promise<number | undefined>;

  /** Locks a user out, or lets them in again: their tokens, sessions and sign-ons. False when there is no such user. */
  abstract setDisabled(login: string, isDisabled: boolean, actor: Actor): Promise<boolean>;

  /** Makes sure that user `admin` exists and that this is its only operator token. Safe to repeat. */
  abstract ensureAdministrator(tokenHash: Uint8Array<ArrayBuffer>): Promise<void>;
}
