import { Controller, Delete, Get, HttpCode, Patch, Post, Put, Req, Res } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { MAX_TEAM_DEPTH, type Team, type TeamRefusal, TeamStore } from '#auth';
import { Described } from '../../http/described.js';
import { ExternalOrigin } from '../../http/external-origin.js';
import { RestAccess } from '../rest-access.js';
import { readRestJson } from '../rest-json.js';
import { notFound, RestRefusal } from '../rest-refusal.js';
import type { RestNamespace, RestRequest } from '../rest-request.js';
import { NewTeam, TeamPatch } from './bodies.js';
import { NUMBERED_PAGE_QUERY, numberedPageOf, sendPage } from './listing.js';
import { memberOf } from './members.controller.js';
import { NameParam, NamespaceParam } from './params.js';

/** Teams of an organisation: its members see them, its owners change them. */
@Controller('api/v3/orgs/:org/teams')
export class TeamsController {
  constructor(
    private readonly teams: TeamStore,
    private readonly origin: ExternalOrigin,
  ) {}

  @Get()
  @RestAccess('look')
  @Described({
    summary: 'Lists teams',
    query: NUMBERED_PAGE_QUERY,
    answer: { status: 200 },
  })
  async list(
    @NamespaceParam() { id }: RestNamespace,
    @Req() request: RestRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    sendPage(request, reply, this.origin, await this.teams.list(id, undefined, numberedPageOf(request)), show);
  }

  @Post()
  @RestAccess('govern')
  @Described({ summary: 'Makes a team', body: NewTeam, answer: { status: 201 } })
  async create(@NamespaceParam() { id, actor }: RestNamespace, @Req() request: RestRequest): Promise<object> {
    const { name, description, parent_team_id: parentId } = await readRestJson(request, NewTeam);
    const team = { name, slug: slugOf(name), description: description ?? '', parentId: parentId ?? undefined };
    return show(accepted(await this.teams.create(id, team, actor)));
  }

  @Get(':slug')
  @RestAccess('look')
  @Described({ summary: 'A team', answer: { status: 200 } })
  async get(@NamespaceParam() { id }: RestNamespace, @NameParam('slug') slug: string): Promise<object> {
    const team = await this.teams.find(id, slug);
    return team ? show(team) : notFound();
  }

  @Patch(':slug')
  @RestAccess('govern')
  @Described({ summary: 'Changes a team', body: TeamPatch, answer: { status: 200 } })
  async change(
    @NamespaceParam() { id, actor }: RestNamespace,
    @NameParam('slug') slug: string,
    @Req() request: RestRequest,
  ): Promise<object> {
    const { name, description, parent_team_id: parentId } = await readRestJson(request, TeamPatch);
    const change = {
      name,
      slug: name === undefined ? undefined : slugOf(name),
      description: description ?? undefined,
      parentId,
    };
    const changed = await this.teams.change(id, slug, change, actor);
    return changed === 'unknown' ? notFound() : show(accepted(changed));
  }

  @Delete(':slug')
  @HttpCode(204)
  @RestAccess('govern')
  @Described({ summary: 'Removes a team with the roles it had', answer: { status: 204 } })
  async remove(@NamespaceParam() { id, actor }: RestNamespace, @NameParam('slug') slug: string): Promise<void> {
    if (!(await this.teams.remove(id, slug, actor))) notFound();
  }

  @Get(':slug/teams')
  @RestAccess('look')
  @Described({
    summary: 'Lists teams inside a team',
    query: NUMBERED_PAGE_QUERY,
    answer: { status: 200 },
  })
  async children(
    @NamespaceParam() { id }: RestNamespace,
    @NameParam('slug') slug: string,
    @Req() request: RestRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    sendPage(request, reply, this.origin, await this.teams.list(id, slug, numberedPageOf(request)), show);
  }

  @Get(':slug/members')
  @RestAccess('look')
  @Described({
    summary: 'Lists members of a team',
    query: NUMBERED_PAGE_QUERY,
    answer: { status: 200 },
  })
  async members(
    @NamespaceParam() { id }: RestNamespace,
    @NameParam('slug') slug: string,
    @Req() request: RestRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    sendPage(request, reply, this.origin, await this.teams.listMembers(id, slug, numberedPageOf(request)), memberOf);
  }

  @Get(':slug/memberships/:login')
  @RestAccess('look')
  @Described({ summary: 'Membership of a user in a team', answer: { status: 200 } })
  async membership(
    @NamespaceParam() { id }: RestNamespace,
    @NameParam('slug') slug: string,
    @NameParam('login') login: string,
  ): Promise<object> {
    return (await this.teams.hasMember(id, slug, login)) ? MEMBERSHIP : notFound();
  }

  @Put(':slug/memberships/:login')
  @RestAccess('govern')
  @Described({ summary: 'Adds a member of the organisation to a team', answer: { status: 200 } })
  async addMember(
    @NamespaceParam() { id, actor }: RestNamespace,
    @NameParam('slug') slug: string,
    @NameParam('login') login: string,
  ): Promise<object> {
    const added = await this.teams.addMember(id, slug, login, actor);
    if (added === 'unknown team') return notFound();
    if (added !== 'added')
      throw new RestRefusal(400, `${login} is no member of the organisation: add them to it first.`);
    return MEMBERSHIP;
  }

  @Delete(':slug/memberships/:login')
  @HttpCode(204)
  @RestAccess('govern')
  @Described({ summary: 'Removes a member from a team', answer: { status: 204 } })
  async removeMember(
    @NamespaceParam() { id, actor }: RestNamespace,
    @NameParam('slug') slug: string,
    @NameParam('login') login: string,
  ): Promise<void> {
    if (!(await this.teams.removeMember(id, slug, login, actor))) notFound();
  }
}

const MEMBERSHIP = { state: 'active', role: 'member' };

/** A team's name as paths have it. Errors: 400 for a name without a letter or digit. */
function slugOf(name: string): string {
  const slug = name
    .toLowerCase()
    .split(/[^a-z0-9]+/)
    .filter((word) => word !== '')
    .join('-');
  if (slug === '') throw new RestRefusal(400, 'The body does not fit: name: needs a letter or digit (a to z, 0 to 9)');
  return slug;
}

const REFUSALS: Record<TeamRefusal, string> = {
  'name taken': 'name: a team of this organisation has it already',
  'unknown parent': 'parent_team_id: no team of this organisation',
  'too deep': `parent_team_id: teams stand ${MAX_TEAM_DEPTH} deep at most`,
  'inside itself': 'parent_team_id: a team cannot be inside itself',
};

function accepted(answer: Team | TeamRefusal): Team {
  if (typeof answer === 'string') throw new RestRefusal(400, `The body does not fit: ${REFUSALS[answer]}`);
  return answer;
}

const show = ({ id, slug, name, description, parent }: Team) => ({
  id,
  slug,
  name,
  description,
  privacy: 'closed',
  permission: 'pull',
  parent: parent ?? null,
});
