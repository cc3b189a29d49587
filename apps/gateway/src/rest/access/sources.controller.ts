import { Controller, Delete, Get, HttpCode, Post, Put, Req, Res } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { RoleStore, type RoleTarget, type Source, SourceStore } from '#auth';
import { parseSourceUrl } from '#registry';
import { Described } from '../../http/described.js';
import { ExternalOrigin } from '../../http/external-origin.js';
import { RestAccess } from '../rest-access.js';
import { readRestJson } from '../rest-json.js';
import { notFound, RestRefusal } from '../rest-refusal.js';
import type { RestNamespace, RestRequest } from '../rest-request.js';
import { NewSource, Role } from './bodies.js';
import { NUMBERED_PAGE_QUERY, numberedPageOf, sendPage } from './listing.js';
import { IdParam, NameParam, NamespaceParam } from './params.js';
import { giveRole, showRole, takeRole } from './role-calls.js';

/** Source-code repositories that packages are linked to: members see them, owners of the namespace make and change them. */
@Controller(['api/v3/orgs/:org/sources', 'api/v3/users/:username/sources'])
export class SourcesController {
  constructor(
    private readonly sources: SourceStore,
    private readonly roles: RoleStore,
    private readonly origin: ExternalOrigin,
  ) {}

  @Get()
  @RestAccess('look')
  @Described({
    summary: 'Lists sources',
    query: NUMBERED_PAGE_QUERY,
    answer: { status: 200 },
  })
  async list(
    @NamespaceParam() { id }: RestNamespace,
    @Req() request: RestRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    sendPage(request, reply, this.origin, await this.sources.list(id, numberedPageOf(request)), show);
  }

  @Post()
  @RestAccess('govern')
  @Described({ summary: 'Makes a source', body: NewSource, answer: { status: 201 } })
  async create(@NamespaceParam() { id, actor }: RestNamespace, @Req() request: RestRequest): Promise<object> {
    const url = parseSourceUrl((await readRestJson(request, NewSource)).url);
    if (!url) throw new RestRefusal(400, 'The body does not fit: url: https://HOST/OWNER/REPOSITORY');
    const made = await this.sources.create(id, url, actor);
    if (made === 'url taken') throw new RestRefusal(409, `There is a source with the URL ${url} already.`);
    return show(made);
  }

  @Get(':source_id')
  @RestAccess('look')
  @Described({ summary: 'A source', answer: { status: 200 } })
  async get(@NamespaceParam() { id }: RestNamespace, @IdParam('source_id') sourceId: number): Promise<object> {
    const source = await this.sources.find(id, sourceId);
    return source ? show(source) : notFound();
  }

  @Delete(':source_id')
  @HttpCode(204)
  @RestAccess('govern')
  @Described({ summary: 'Removes a source that no package is linked to', answer: { status: 204 } })
  async remove(@NamespaceParam() { id, actor }: RestNamespace, @IdParam('source_id') sourceId: number): Promise<void> {
    const removed = await this.sources.remove(id, sourceId, actor);
    if (removed === 'unknown') notFound();
    if (removed === 'linked') throw new RestRefusal(409, 'Packages are linked to this source: unlink them first.');
  }

  @Get(':source_id/roles')
  @RestAccess('look')
  @Described({
    summary: 'Lists who has a role on a source',
    query: NUMBERED_PAGE_QUERY,
    answer: { status: 200 },
  })
  async listRoles(
    @NamespaceParam() { id }: RestNamespace,
    @IdParam('source_id') sourceId: number,
    @Req() request: RestRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const target = await this.target(id, sourceId);
    sendPage(request, reply, this.origin, await this.roles.list(target, numberedPageOf(request)), showRole);
  }

  @Put(':source_id/roles/users/:login')
  @RestAccess('govern')
  @Described({ summary: 'Gives a user a role on a source', body: Role, answer: { status: 200 } })
  async giveUser(
    @NamespaceParam() { id, actor }: RestNamespace,
    @IdParam('source_id') sourceId: number,
    @NameParam('login') login: string,
    @Req() request: RestRequest,
  ): Promise<object> {
    return giveRole(this.roles, await this.target(id, sourceId), { kind: 'user', login }, request, actor);
  }

  @Delete(':source_id/roles/users/:login')
  @HttpCode(204)
  @RestAccess('govern')
  @Described({ summary: 'Takes the role of a user on a source', answer: { status: 204 } })
  async takeUser(
    @NamespaceParam() { id, actor }: RestNamespace,
    @IdParam('source_id') sourceId: number,
    @NameParam('login') login: string,
  ): Promise<void> {
    await takeRole(this.roles, await this.target(id, sourceId), { kind: 'user', login }, actor);
  }

  @Put(':source_id/roles/teams/:slug')
  @RestAccess('govern')
  @Described({ summary: 'Gives a team a role on a source', body: Role, answer: { status: 200 } })
  async giveTeam(
    @NamespaceParam() { id, actor }: RestNamespace,
    @IdParam('source_id') sourceId: number,
    @NameParam('slug') slug: string,
    @Req() request: RestRequest,
  ): Promise<object> {
    return giveRole(this.roles, await this.target(id, sourceId), { kind: 'team', slug }, request, actor);
  }

  @Delete(':source_id/roles/teams/:slug')
  @HttpCode(204)
  @RestAccess('govern')
  @Described({ summary: 'Takes the role of a team on a source', answer: { status: 204 } })
  async takeTeam(
    @NamespaceParam() { id, actor }: RestNamespace,
    @IdParam('source_id') sourceId: number,
    @NameParam('slug') slug: string,
  ): Promise<void> {
    await takeRole(this.roles, await this.target(id, sourceId), { kind: 'team', slug }, actor);
  }

  /** A source of this namespace only: an id of another's is a 404. */
  private async target(namespaceId: number, sourceId: number): Promise<RoleTarget> {
    return (await this.sources.find(namespaceId, sourceId)) ? { kind: 'source', id: sourceId } : notFound();
  }
}

const show = ({ id, url, createdAt }: Source) => ({ id, url, created_at: createdAt.toISOString() });
