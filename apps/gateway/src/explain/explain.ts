import { Injectable } from '@nestjs/common';
import { AccessFactsStore, type Action, TrustPolicyStore } from '#auth';
import type { ExplanationAnswer } from '#contracts';
import { type RepositoryName, splitRepositoryName } from '#oci';
import { judgementOf } from '../access/judge.js';
import { remedyFor, type Who } from './remedy.js';

/** Says what `authorize()` would say of somebody who does not ask. */
@Injectable()
export class Explain {
  constructor(
    private readonly facts: AccessFactsStore,
    private readonly policies: TrustPolicyStore,
  ) {}

  /**
   * `subject` is `anonymous`, the login of a user (as if with a token that holds nothing back), or `workflow:ID` of a trust
   * policy, with `:SOURCE_ID` behind it where the policy speaks of several sources. Undefined for a subject that is none.
   */
  async run(subject: string, action: Action, name: RepositoryName): Promise<ExplanationAnswer | undefined> {
    const who: Who = subject === 'anonymous' ? 'anonymous' : subject.startsWith('workflow:') ? 'workflow' : 'user';
    const facts =
      who === 'workflow'
        ? await this.factsOfWorkflow(subject, name)
        : await this.facts.findForUser(who === 'user' ? subject : undefined, name);
    if (!facts) return undefined;
    const { decision } = judgementOf(action, facts, name);
    const remedy = decision.isAllowed ? undefined : remedyFor(decision.rule, action, who);
    const { isAllowed: allowed, rule } = decision;
    return { subject, action, package: name, allowed, rule, remedy: remedy ?? null };
  }

  private async factsOfWorkflow(subject: string, name: RepositoryName) {
    const [, policyText, sourceText] = /^workflow:([0-9]{1,9})(?::([0-9]{1,9}))?$/.exec(subject) ?? [];
    if (policyText === undefined) return undefined;
    const policyId = Number(policyText);
    const [policy] = (await this.policies.list(splitRepositoryName(name).owner, 1, policyId - 1)) ?? [];
    const sourceId = policy?.sourceId ?? (sourceText === undefined ? undefined : Number(sourceText));
    if (policy?.id !== policyId || sourceId === undefined) return undefined;
    const { namespaceId } = policy;
    const facts = await this.facts.find({ kind: 'workflow', policyId, sourceId, namespaceId, subject }, name);
    return facts === 'revoked' ? undefined : facts;
  }
}
