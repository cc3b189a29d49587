import { type CanActivate, type ExecutionContext, Injectable } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { FastifyReply } from 'fastify';
import type { Action, NamespaceAction, TokenHolder, TokenScope } from '#auth';
import { isRepositoryName, type RepositoryName } from '#oci';
import { PackageDirectory } from '#registry';
import { Judge, type Judgement } from '../access/judge.js';
import { Switches } from '../access/switches.js';
import { principalOf } from '../credentials/credentials.js';
import { Refusals } from '../explain/refusals.js';
import { ACCESS_POLICY, type AccessPolicy } from '../v2/access-policy.js';
import { OF_DELETED_PACKAGE } from './rest-policy.js';
import { notFound, RestRefusal } from './rest-refusal.js';
import type { RestNamespace, RestPackage, RestRequest } from './rest-request.js';

/** Scopes of which the token needs one, the least of them first, as GitHub demands them. */
const ACCEPTED: Record<Action | NamespaceAction | 'list packages', TokenScope[]> = {
  'list packages': ['read:packages', 'write:packages'],
  pull: ['read:packages', 'write:packages'],
  push: ['write:packages'],
  delete: ['delete:packages'],
  administer: ['write:packages'],
  look: ['read:packages', 'write:packages', 'admin:org', 'admin:registry'],
  govern: ['admin:org', 'admin:registry'],
};

/**
 * Has every request judged that names a package and says no in GitHub's words: 401 without a token, 403 for one
 * whose scopes do not do (whatever the path names), 404 for a package that the caller may not see or that is not there, 403
 * for one that the caller sees and may not change.
 */
@Injectable()
export class RestAccessGuard implements CanActivate {
  constructor(
    private readonly reflector: Reflector,
    private readonly judge: Judge,
    private readonly packages: PackageDirectory,
    private readonly refusals: Refusals,
    private readonly switches: Switches,
  ) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const http = context.switchToHttp();
    const request = http.getRequest<RestRequest>();
    const policy = this.reflector.get<AccessPolicy | undefined>(ACCESS_POLICY, context.getHandler());
    if (policy === 'anyone') return true;
    if (policy === undefined || policy === 'operator') throw new Error('not a policy of /api/v3');
    const { user } = request;
    if (!user) throw new RestRefusal(401, 'Requires authentication');
    if (policy === 'known caller') return true;
    const accepted = ACCEPTED[policy];
    http.getResponse<FastifyReply>().header('x-accepted-oauth-scopes', accepted.join(', '));
    if (!accepted.some((scope) => user.scopes.includes(scope))) {
      throw new RestRefusal(403, `This needs a token with the scope ${accepted[0]}.`);
    }
    if (policy === 'list packages') return true;
    if (policy === 'look' || policy === 'govern') {
      request.namespace = await this.admitToNamespace(policy, user, request);
      await this.assertOpen(policy, request);
      return true;
    }
    const isDeleted = this.reflector.get<true | undefined>(OF_DELETED_PACKAGE, context.getHandler()) ?? false;
    request.package = await (isDeleted ? this.admitToDeleted(user, request) : this.admitTo(policy, user, request));
    await this.assertOpen(policy, request);
    return true;
  }

  /** Errors: RestRefusal 403 for what the operator switched off. */
  private async assertOpen(action: Action | NamespaceAction, { method }: RestRequest): Promise<void> {
    if (method === 'GET' || method === 'HEAD') return;
    const closed = await this.switches.closed(action === 'delete' ? 'delete' : 'write');
    if (closed !== undefined) throw new RestRefusal(403, closed);
  }

  private async admitToNamespace(
    action: NamespaceAction,
    holder: TokenHolder,
    { params }: RestRequest,
  ): Promise<RestNamespace> {
    const path = (params.org ?? params.username ?? holder.login).toLowerCase();
    if (!isRepositoryName(path)) return notFound();
    const judgement = await this.judge.judge(principalOf(holder), action, path);
    if (judgement === 'revoked') throw new RestRefusal(401, 'Bad credentials');
    const { decision, facts, actor, isVisible } = judgement;
    if (!isVisible || !facts.namespace) return notFound();
    if (params.org !== undefined && facts.namespace.kind !== 'organisation') return notFound();
    if (!decision.isAllowed) throw new RestRefusal(403, `Only owners of ${path} may do this.`);
    return { id: facts.namespace.id, kind: facts.namespace.kind, path, actor };
  }

  private async admitTo(action: Action, holder: TokenHolder, request: RestRequest): Promise<RestPackage> {
    const { name, judgement } = await this.judgeOn(action, holder, request);
    const { decision, facts, actor } = judgement;
    if (!facts.package?.isPublished || !judgement.isVisible) return notFound();
    if (!decision.isAllowed) throw new RestRefusal(403, `Your role on this package does not allow to ${action}.`);
    return { id: facts.package.id, name, actor };
  }

  /** Roles go on to count on a package that is deleted. */
  private async admitToDeleted(holder: TokenHolder, request: RestRequest): Promise<RestPackage> {
    let id: number | undefined;
    const { name, judgement } = await this.judgeOn('administer', holder, request, async (deletedName) => {
      id = await this.packages.findDeleted(deletedName);
      return id;
    });
    if (!judgement.decision.isAllowed || id === undefined) return notFound();
    return { id, name, actor: judgement.actor };
  }

  private async judgeOn(
    action: Action,
    holder: TokenHolder,
    request: RestRequest,
    findDeleted?: (name: RepositoryName) => Promise<number | undefined>,
  ): Promise<{ name: RepositoryName; judgement: Judgement }> {
    const name = packageNameOf(request, holder);
    if (!isRepositoryName(name)) return notFound();
    const principal = principalOf(holder);
    const judgement = await (findDeleted
      ? this.judge.judgeDeleted(principal, action, name, () => findDeleted(name))
      : this.judge.judge(principal, action, name));
    if (judgement === 'revoked') throw new RestRefusal(401, 'Bad credentials');
    if (!judgement.decision.isAllowed) this.refusals.note(action, judgement);
    const isOrganisationRoute = request.params.org !== undefined;
    if (isOrganisationRoute && judgement.facts.namespace?.kind !== 'organisation') return notFound();
    return { name, judgement };
  }
}

/** `owner/name` of the path: `orgs/:org`, `users/:username`, or the caller's own under `user`. Names are lower case. */
function packageNameOf({ params }: RestRequest, holder: TokenHolder): string {
  if (params.package_type !== 'container') return '';
  const owner = params.org ?? params.username ?? holder.login;
  return `${owner.toLowerCase()}/${params.package_name ?? ''}`;
}
