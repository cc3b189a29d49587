import type { Actor, NumberedList, NumberedPage } from '#registry';

export type MemberRole = 'owner' | 'member';

export interface Member {
  id: number;
  login: string;
  role: MemberRole;
}

/** Members of an organisation, as its owners see and change them. Every change is audited in its own transaction. */
export abstract class MemberStore {
  /** By login; of one role where `role` is given. */
  abstract list(namespaceId: number, role: MemberRole | undefined, page: NumberedPage): Promise<NumberedList<Member>>;

  /** By login, in any capitals. */
  abstract find(namespaceId: number, login: string): Promise<Member | undefined>;

  /** Makes a user owner or member. Refused where it would leave no owner. Atomic, safe to repeat. */
  abstract set(
    namespaceId: number,
    login: string,
    role: MemberRole,
    actor: Actor,
  ): Promise<Member | 'unknown user' | 'last owner'>;

  /**
   * Takes a user out of the organisation, out of its teams, and takes their own roles on its packages and sources: nothing is
   * left of what membership gave. Refused for the last owner. Atomic.
   */
  abstract remove(namespaceId: number, login: string, actor: Actor): Promise<'removed' | 'unknown user' | 'last owner'>;
}
