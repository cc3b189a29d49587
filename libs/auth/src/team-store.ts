import type { Actor, NumberedList, NumberedPage } from '#registry';
import type { Member } from './member-store.js';

export interface Team {
  id: number;
  slug: string;
  name: string;
  description: string;
  parent: { id: number; slug: string; name: string } | undefined;
}

/** A change of a team; what is undefined stays. `parentId` null makes it an outermost one. */
export interface TeamChange {
  name?: string | undefined;
  slug?: string | undefined;
  description?: string | undefined;
  parentId?: number | null | undefined;
}

/** How deep teams may stand in one another. */
export const MAX_TEAM_DEPTH = 8;

export type TeamRefusal = 'name taken' | 'unknown parent' | 'too deep' | 'inside itself';

/**
 * Teams of an organisation. Members of a team have the roles of the teams around it as well. Every change is audited in its
 * own transaction; changes within one organisation happen one after the other.
 */
export abstract class TeamStore {
  /** By slug: all of them, or those directly in one team. */
  abstract list(namespaceId: number, parent: string | undefined, page: NumberedPage): Promise<NumberedList<Team>>;

  abstract find(namespaceId: number, slug: string): Promise<Team | undefined>;

  abstract create(
    namespaceId: number,
    team: { name: string; slug: string; description: string; parentId: number | undefined },
    actor: Actor,
  ): Promise<Team | TeamRefusal>;

  abstract change(
    namespaceId: number,
    slug: string,
    change: TeamChange,
    actor: Actor,
  ): Promise<Team | TeamRefusal | 'unknown'>;

  /** Deletes a team with all teams in it, and the roles they gave. False when there is no such team. */
  abstract remove(namespaceId: number, slug: string, actor: Actor): Promise<boolean>;

  /** Members of the team itself, by login. */
  abstract listMembers(namespaceId: number, slug: string, page: NumberedPage): Promise<NumberedList<Member>>;

  abstract hasMember(namespaceId: number, slug: string, login: string): Promise<boolean>;

  /** Only members of the organisation can be in its teams. Safe to repeat. */
  abstract addMember(
    namespaceId: number,
    slug: string,
    login: string,
    actor: Actor,
  ): Promise<'added' | 'unknown team' | 'no member of the organisation'>;

  /** False when the user was not in the team. */
  abstract removeMember(namespaceId: number, slug: string, login: string, actor: Actor): Promise<boolean>;
}
