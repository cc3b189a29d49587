import { Injectable } from '@nestjs/common';
import {
  type AccessFacts,
  AccessFactsStore,
  type Action,
  authorize,
  type Decision,
  type NamespaceAction,
  type PackageFacts,
  type Principal,
  type Subject,
} from '#auth';
import { parseRepositoryName, type RepositoryName, splitRepositoryName } from '#oci';
import type { Actor } from '#registry';
import { requestAddress } from '../http/request-address.js';
import { evenTime, SEARCH } from './even-time.js';

/** A name that can be nobody's: it has no package. */
const NOBODYS = parseRepositoryName('nobody');

/** What `authorize()` says of one request, with all that a surface needs to answer in its own form. */
export interface Judgement {
  decision: Decision;
  facts: AccessFacts;
  /** Whether a refused caller may know that the package is there: it may pull it. A namespace is seen by its members. */
  isVisible: boolean;
  /** Who acts, as writes record it. */
  actor: Actor;
}

/**
 * The one place that asks `authorize()`, for every surface: /v2, /token, REST and the operator API. Refusals come at a
 * moment that does not tell a private package from an absent one.
 */
@Injectable()
export class Judge {
  constructor(private readonly facts: AccessFactsStore) {}

  /**
   * `name` is a repository's, or a namespace's for what is done to a namespace. Answers `revoked` for a principal that is
   * no more. What a bearer token lists is not looked at: that only narrows, and each surface says so in its own way.
   */
  async judge(
    principal: Principal,
    action: Action | NamespaceAction,
    name: RepositoryName,
  ): Promise<Judgement | 'revoked'> {
    return this.judgeBy(() => this.facts.find(principal, name), action, name);
  }

  /**
   * The same of the deleted package that `findDeleted` finds, on which roles go on to count. Looking for it is part of what takes
   * its time.
   */
  async judgeDeleted(
    principal: Principal,
    action: Action,
    name: RepositoryName,
    findDeleted: () => Promise<number | undefined>,
  ): Promise<Judgement | 'revoked'> {
    const find = async () => {
      const packageId = await findDeleted();
      return packageId === undefined
        ? this.facts.find(principal, name)
        : this.facts.findOfDeleted(principal, name, packageId);
    };
    return this.judgeBy(find, action, name);
  }

  private async judgeBy(
    find: () => Promise<AccessFacts | 'revoked'>,
    action: Action | NamespaceAction,
    name: RepositoryName,
  ): Promise<Judgement | 'revoked'> {
    const began = performance.now();
    const facts = await find();
    if (facts === 'revoked') return 'revoked';
    const judgement = judgementOf(action, facts, name);
    if (!judgement.decision.isAllowed) await evenTime(began);
    return judgement;
  }

  /**
   * The packages among these names that the principal may pull. Finding none comes at a drawn moment after `began`, when the
   * search for the names began: neither a name nor how many there were is to be told.
   */
  async pullableAmong(principal: Principal, names: RepositoryName[], began: number): Promise<PackageFacts[]> {
    // Finding no name takes as long as finding one: the look-up is made all the same.
    const asked = names.length > 0 ? names : [NOBODYS];
    const found = await Promise.all(asked.map((name) => this.facts.find(principal, name)));
    const pullable = found.flatMap((facts) =>
      facts !== 'revoked' && facts.package && authorize('pull', facts).isAllowed ? [facts.package] : [],
    );
    if (pullable.length === 0) await evenTime(began, SEARCH);
    return pullable;
  }

  /** Which of these actions the principal may do: none for one that is no more. */
  async allowedAmong<A extends Action>(
    principal: Principal,
    actions: readonly A[],
    name: RepositoryName,
  ): Promise<A[]> {
    const began = performance.now();
    const facts = await this.facts.find(principal, name);
    const allowed =
      facts === 'revoked' ? [] : actions.filter((action) => judgementOf(action, facts, name).decision.isAllowed);
    if (allowed.length < actions.length) await evenTime(began);
    return allowed;
  }
}

/** What `authorize()` makes of these facts. */
export function judgementOf(action: Action | NamespaceAction, facts: AccessFacts, name: RepositoryName): Judgement {
  const hasPackage = splitRepositoryName(name).packageName !== undefined;
  const decision = authorize(action, facts, hasPackage);
  const sight = action === 'look' || action === 'govern' ? 'look' : 'pull';
  const isThere = sight === 'look' || facts.package !== undefined;
  return {
    decision,
    facts,
    isVisible: decision.isAllowed || (isThere && authorize(sight, facts, hasPackage).isAllowed),
    // What is only looked at is in no audit log.
    actor: actorOf(facts.subject, decision.rule === 'administrator', action === 'pull' ? undefined : requestAddress()),
  };
}

/** Who acts, as writes record it. `isOverriding`: only the administrator's right lets them. */
export function actorOf(subject: Subject | undefined, isOverriding: boolean, address: string | undefined): Actor {
  switch (subject?.kind) {
    case undefined:
      return { principal: 'anonymous', userId: undefined, login: 'anonymous', isOverriding: false };
    case 'user': {
      const { userId, tokenId, login } = subject;
      return { principal: `user:${userId}`, userId, tokenId, address, login, isOverriding };
    }
    case 'workflow': {
      const { sourceId, subject: text } = subject;
      return {
        principal: `workflow:${sourceId}:${text}`,
        userId: undefined,
        address,
        login: text,
        isOverriding,
        sourceId,
      };
    }
  }
}
