import { Controller, Delete, Get, HttpCode, Patch, Put, Req, Res } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { type RoleHolder, RoleStore, SourceStore } from '#auth';
import { PackageStore } from '#registry';
import { Described } from '../../http/described.js';
import { ExternalOrigin } from '../../http/external-origin.js';
import { RestAccess } from '../rest-access.js';
import { readRestJson } from '../rest-json.js';
import { notFound, RestRefusal } from '../rest-refusal.js';
import { PackageParam, type RestPackage, type RestRequest } from '../rest-request.js';
import { AccessPatch, Role } from './bodies.js';
import { NUMBERED_PAGE_QUERY, numberedPageOf, sendPage } from './listing.js';
import { IdParam, NameParam } from './params.js';
import { giveRole, showRole, takeRole } from './role-calls.js';

const PACKAGE = ':package_type/:package_name/access';

/** Who may use a package: visibility, the source that it is linked to, and roles. For its admins, to see and to change. */
@Controller(['api/v3/orgs/:org/packages', 'api/v3/users/:username/packages', 'api/v3/user/packages'])
export class PackageAccessController {
  constructor(
    private readonly packages: PackageStore,
    private readonly sources: SourceStore,
    private readonly roles: RoleStore,
    private readonly origin: ExternalOrigin,
  ) {}

  @Get(PACKAGE)
  @RestAccess('administer')
  @Described({ summary: 'Visibility, linked source and inheritance of a package', answer: { status: 200 } })
  async get(@PackageParam() { id }: RestPackage): Promise<object> {
    const { visibility, source, inherits } = (await this.sources.findLink(id)) ?? notFound();
    return { visibility, source: source ?? null, inherits };
  }

  /** Each field is a change of its own, audited as such; the first that is refused ends the call. */
  @Patch(PACKAGE)
  @RestAccess('administer')
  @Described({
    summary: 'Changes visibility, linked source and inheritance',
    body: AccessPatch,
    answer: { status: 200 },
  })
  async change(@PackageParam() pkg: RestPackage, @Req() request: RestRequest): Promise<object> {
    const { visibility, source_id: sourceId, inherits } = await readRestJson(request, AccessPatch);
    if (inherits && sourceId === null) throw new RestRefusal(400, 'The body does not fit: inherits: needs a source');
    if (sourceId !== undefined) await this.link(pkg, sourceId ?? undefined);
    if (inherits !== undefined && (await this.sources.setInherits(pkg.id, inherits, pkg.actor)) === 'not linked') {
      throw new RestRefusal(400, 'The body does not fit: inherits: link the package to a source first');
    }
    if (visibility && !(await this.packages.setVisibility(pkg.id, visibility, pkg.actor))) notFound();
    return this.get(pkg);
  }

  private async link({ id, actor }: RestPackage, sourceId: number | undefined): Promise<void> {
    const linked = await this.sources.link(id, sourceId, actor);
    if (linked === 'unknown source') {
      throw new RestRefusal(400, 'The body does not fit: source_id: no source of the namespace of the package');
    }
    if (linked === 'source not writable') {
      throw new RestRefusal(403, 'You may not write to this source: ask an owner of the namespace for a role on it.');
    }
  }

  @Get(`${PACKAGE}/roles`)
  @RestAccess('administer')
  @Described({
    summary: 'Lists who has a role on a package',
    query: NUMBERED_PAGE_QUERY,
    answer: { status: 200 },
  })
  async list(
    @PackageParam() { id }: RestPackage,
    @Req() request: RestRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const list = await this.roles.list({ kind: 'package', id }, numberedPageOf(request));
    sendPage(request, reply, this.origin, list, showRole);
  }

  @Put(`${PACKAGE}/roles/users/:login`)
  @RestAccess('administer')
  @Described({ summary: 'Gives a user a role on a package', body: Role, answer: { status: 200 } })
  giveUser(
    @PackageParam() pkg: RestPackage,
    @NameParam('login') login: string,
    @Req() request: RestRequest,
  ): Promise<object> {
    return this.give(pkg, { kind: 'user', login }, request);
  }

  @Delete(`${PACKAGE}/roles/users/:login`)
  @HttpCode(204)
  @RestAccess('administer')
  @Described({ summary: 'Takes the role of a user on a package', answer: { status: 204 } })
  takeUser(@PackageParam() pkg: RestPackage, @NameParam('login') login: string): Promise<void> {
    return this.take(pkg, { kind: 'user', login });
  }

  @Put(`${PACKAGE}/roles/teams/:slug`)
  @RestAccess('administer')
  @Described({ summary: 'Gives a team a role on a package', body: Role, answer: { status: 200 } })
  giveTeam(
    @PackageParam() pkg: RestPackage,
    @NameParam('slug') slug: string,
    @Req() request: RestRequest,
  ): Promise<object> {
    return this.give(pkg, { kind: 'team', slug }, request);
  }

  @Delete(`${PACKAGE}/roles/teams/:slug`)
  @HttpCode(204)
  @RestAccess('administer')
  @Described({ summary: 'Takes the role of a team on a package', answer: { status: 204 } })
  takeTeam(@PackageParam() pkg: RestPackage, @NameParam('slug') slug: string): Promise<void> {
    return this.take(pkg, { kind: 'team', slug });
  }

  @Put(`${PACKAGE}/roles/workflows/:source_id`)
  @RestAccess('administer')
  @Described({ summary: 'Gives the workflows of a source a role on a package', body: Role, answer: { status: 200 } })
  giveWorkflows(
    @PackageParam() pkg: RestPackage,
    @IdParam('source_id') sourceId: number,
    @Req() request: RestRequest,
  ): Promise<object> {
    return this.give(pkg, { kind: 'workflows', sourceId }, request);
  }

  @Delete(`${PACKAGE}/roles/workflows/:source_id`)
  @HttpCode(204)
  @RestAccess('administer')
  @Described({ summary: 'Takes the role of the workflows of a source on a package', answer: { status: 204 } })
  takeWorkflows(@PackageParam() pkg: RestPackage, @IdParam('source_id') sourceId: number): Promise<void> {
    return this.take(pkg, { kind: 'workflows', sourceId });
  }

  private give({ id, actor }: RestPackage, holder: RoleHolder, request: RestRequest): Promise<object> {
    return giveRole(this.roles, { kind: 'package', id }, holder, request, actor);
  }

  private take({ id, actor }: RestPackage, holder: RoleHolder): Promise<void> {
    return takeRole(this.roles, { kind: 'package', id }, holder, actor);
  }
}
