import type { Actor } from '#registry';
import type { TokenHolder } from './principal.js';

/** Who an OpenID provider says somebody is. */
export interface ProvenIdentity {
  issuer: string;
  subject: string;
  /** The login to make for whoever comes the first time; undefined when the provider says none that will do. */
  login: string | undefined;
  /** All groups, now: what is not among them is no group any more. */
  groups: string[];
}

/** A session to be opened: its secret is known by its SHA-256 only. */
export interface NewSession {
  hash: Uint8Array<ArrayBuffer>;
  /** Seconds until it ends, used or not. */
  lifetime: number;
  /** Where the browser is, for the audit log. */
  address: string | undefined;
}

/** A group of the identity provider that makes members of an organisation, and of one of its teams. */
export interface GroupMapping {
  group: string;
  /** Slug; undefined: of the organisation only. */
  team: string | undefined;
}

/** People who sign in at an OpenID provider, and sessions. Changes are audited in their own transaction and act at once. */
export abstract class SignOnStore {
  /**
   * Finds or makes the user of this issuer and subject (by nothing else: names and addresses change hands), makes their
   * memberships what their groups say, and opens a session. `disabled` for a user whom an operator disabled: nothing changes.
   * `name taken` for a newcomer whose login somebody has, or who has none: an operator links them. Atomic.
   */
  abstract signIn(identity: ProvenIdentity, session: NewSession): Promise<TokenHolder | 'disabled' | 'name taken'>;

  /**
   * Opens a session that may do what this token may and ends with it; a user has 100 at most, the oldest give way. Undefined
   * when the token is no more, or its user disabled.
   */
  abstract openWithToken(holder: TokenHolder, session: NewSession): Promise<TokenHolder | undefined>;

  /**
   * Whose session this is; undefined when it ended, was not used for `idle` seconds, its user is disabled or the token that
   * opened it is no more. Notes the use, at most once a minute.
   */
  abstract findSession(hash: Uint8Array, idle: number): Promise<(TokenHolder & { isSignedOn: boolean }) | undefined>;

  /** Ends a session. Safe to repeat. */
  abstract closeSession(hash: Uint8Array): Promise<void>;

  /** Makes a subject of an issuer this user's. False when there is no such user, or the subject is somebody else's. */
  abstract link(login: string, issuer: string, subject: string, actor: Actor): Promise<boolean>;

  /** Whether an organisation demands single sign-on, and its groups. */
  abstract rulesOf(namespaceId: number): Promise<{ isRequired: boolean; groups: GroupMapping[] }>;

  /** Replaces both. Names of teams that are not there: the first of them, and nothing changes. */
  abstract setRules(
    namespaceId: number,
    rules: { isRequired: boolean; groups: GroupMapping[] },
    actor: Actor,
  ): Promise<{ unknownTeam: string } | undefined>;
}
