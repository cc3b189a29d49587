import type { Actor, NumberedList, NumberedPage } from '#registry';
import type { PackageRole } from './access-facts.js';

/** What roles are given on. */
export interface RoleTarget {
  kind: 'package' | 'source';
  id: number;
}

/** Whom roles are given to: a user, a team of the namespace, or (on packages) the workflows of a source of the namespace. */
export type RoleHolder =
  | { kind: 'user'; login: string }
  | { kind: 'team'; slug: string }
  | { kind: 'workflows'; sourceId: number };

export interface RoleEntry {
  kind: RoleHolder['kind'];
  id: number;
  /** A user's login, a team's slug, a source's URL. */
  name: string;
  role: PackageRole;
}

/** The access lists of packages and sources. Every change is audited in its own transaction. */
export abstract class RoleStore {
  /** Teams, users, workflows; within each kind the oldest first. */
  abstract list(target: RoleTarget, page: NumberedPage): Promise<NumberedList<RoleEntry>>;

  /** Gives a role, or takes it where `role` is undefined. False for a holder that is not there, or not of this namespace. */
  abstract set(target: RoleTarget, holder: RoleHolder, role: PackageRole | undefined, actor: Actor): Promise<boolean>;
}
