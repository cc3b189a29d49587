import { type CanActivate, type ExecutionContext, Injectable } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { AccessFactsStore, REQUESTABLE_ACTIONS, type RequestableAction, scopeFor } from '#auth';
import { fail, parseRepositoryName, type RepositoryName } from '#oci';
import { Judge } from '../access/judge.js';
import { Switches } from '../access/switches.js';
import { REJECTED } from '../credentials/credentials.js';
import { Refusals } from '../explain/refusals.js';
import type { GatewayRequest } from '../http/gateway-request.js';
import { CallerLimits } from '../limits/caller-limits.js';
import { ACCESS_POLICY, type AccessPolicy } from './access-policy.js';
import { Challenger } from './challenger.js';

/**
 * Has every request judged and says no in the specification's words (design.md, "Rules where the specification
 * leaves room"): without credentials 401; known without the right to pull 404, as if the name were free; known without
 * another right 403; a token too narrow for what its owner may do 401 with the scope to ask for.
 */
@Injectable()
export class AccessGuard implements CanActivate {
  constructor(
    private readonly reflector: Reflector,
    private readonly facts: AccessFactsStore,
    private readonly judge: Judge,
    private readonly challenger: Challenger,
    private readonly callerLimits: CallerLimits,
    private readonly refusals: Refusals,
    private readonly switches: Switches,
  ) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const request = context.switchToHttp().getRequest<GatewayRequest>();
    await this.callerLimits.spendV2(request, context.switchToHttp().getResponse());
    const policy = this.reflector.get<AccessPolicy | undefined>(ACCESS_POLICY, context.getHandler());
    if (policy === 'known caller') return this.admitKnown(request);
    const action = REQUESTABLE_ACTIONS.find((candidate) => candidate === policy);
    if (!action) throw new Error('not a policy of /v2');
    return this.admitTo(parseRepositoryName(request.params.name ?? ''), action, request);
  }

  private async admitKnown(request: GatewayRequest): Promise<boolean> {
    const { user } = request;
    if (user === REJECTED) return this.challenger.refuse(request, 'invalid_token');
    const { principal } = user;
    if (principal.kind === 'anonymous') return this.challenger.refuse(request, undefined);
    if (!(await this.facts.findSubject(principal))) return this.challenger.refuse(request, 'invalid_token');
    return true;
  }

  private async admitTo(name: RepositoryName, action: RequestableAction, request: GatewayRequest): Promise<boolean> {
    const scope = scopeFor(name, action);
    const { user } = request;
    if (user === REJECTED) return this.challenger.refuse(request, 'invalid_token', scope);
    const [judgement, closed] = await Promise.all([
      this.judge.judge(user.principal, action, name),
      action === 'pull' ? undefined : this.switches.closed(action === 'delete' ? 'delete' : 'write'),
    ]);
    if (judgement === 'revoked') return this.challenger.refuse(request, 'invalid_token', scope);
    const { decision, facts, actor } = judgement;
    if (closed !== undefined) fail('UNSUPPORTED', { reason: closed }, { message: closed });
    if (!decision.isAllowed) {
      this.refusals.note(action, judgement);
      if (!facts.subject) return this.challenger.refuse(request, undefined, scope);
      return action === 'pull' ? fail('NAME_UNKNOWN', { name }) : fail('DENIED', { name, action });
    }
    if (user.access && decision.rule !== 'public package') {
      const entry = user.access.find((candidate) => candidate.name === name);
      if (!entry?.actions.includes(action)) return this.challenger.refuse(request, 'insufficient_scope', scope);
    }
    request.access = {
      repository: { name, packageId: facts.package?.id, isPublished: facts.package?.isPublished ?? false },
      actor,
    };
    return true;
  }
}
