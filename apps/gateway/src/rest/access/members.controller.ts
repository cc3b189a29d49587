import { Controller, Delete, Get, HttpCode, Put, Req, Res } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { type Member, type MemberRole, MemberStore } from '#auth';
import { Described } from '../../http/described.js';
import { ExternalOrigin } from '../../http/external-origin.js';
import { single } from '../../http/gateway-request.js';
import { RestAccess } from '../rest-access.js';
import { readRestJson } from '../rest-json.js';
import { notFound, RestRefusal } from '../rest-refusal.js';
import type { RestNamespace, RestRequest } from '../rest-request.js';
import { Membership } from './bodies.js';
import { NUMBERED_PAGE_QUERY, numberedPageOf, sendPage } from './listing.js';
import { NameParam, NamespaceParam } from './params.js';

/** GitHub calls an owner admin. */
const ROLES = new Map<string | undefined, MemberRole>([
  ['admin', 'owner'],
  ['member', 'member'],
]);
const roleName = (role: MemberRole) => (role === 'owner' ? 'admin' : 'member');

export const memberOf = ({ id, login, role }: Member) => ({
  login,
  id,
  type: 'User',
  role: roleName(role),
  url: `/api/v3/users/${login}`,
});

/** Members of an organisation. Its members see them; its owners change them. */
@Controller('api/v3/orgs/:org')
export class MembersController {
  constructor(
    private readonly members: MemberStore,
    private readonly origin: ExternalOrigin,
  ) {}

  @Get('members')
  @RestAccess('look')
  @Described({
    summary: 'Lists members of an organisation',
    query: NUMBERED_PAGE_QUERY,
    answer: { status: 200 },
  })
  async list(
    @NamespaceParam() namespace: RestNamespace,
    @Req() request: RestRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const role = ROLES.get(single(request.query.role));
    sendPage(
      request,
      reply,
      this.origin,
      await this.members.list(namespace.id, role, numberedPageOf(request)),
      memberOf,
    );
  }

  @Get('memberships/:login')
  @RestAccess('look')
  @Described({ summary: 'Membership of a user', answer: { status: 200 } })
  async get(@NamespaceParam() namespace: RestNamespace, @NameParam('login') login: string): Promise<object> {
    const member = await this.members.find(namespace.id, login);
    return member ? membershipOf(member, namespace) : notFound();
  }

  @Put('memberships/:login')
  @RestAccess('govern')
  @Described({
    summary: 'Makes a user a member (role member) or owner (role admin)',
    body: Membership,
    answer: { status: 200 },
    errors: { 409: 'nobody would be owner' },
  })
  async set(
    @NamespaceParam() namespace: RestNamespace,
    @NameParam('login') login: string,
    @Req() request: RestRequest,
  ): Promise<object> {
    const { role } = await readRestJson(request, Membership);
    const set = await this.members.set(namespace.id, login, ROLES.get(role) ?? 'member', namespace.actor);
    if (set === 'unknown user') return notFound();
    if (set === 'last owner') throw lastOwner();
    return membershipOf(set, namespace);
  }

  @Delete('memberships/:login')
  @HttpCode(204)
  @RestAccess('govern')
  @Described({ summary: 'Removes a member', answer: { status: 204 }, errors: { 409: 'nobody would be owner' } })
  async removeMembership(@NamespaceParam() namespace: RestNamespace, @NameParam('login') login: string): Promise<void> {
    await this.remove(namespace, login);
  }

  @Delete('members/:login')
  @HttpCode(204)
  @RestAccess('govern')
  @Described({ summary: 'Removes a member', answer: { status: 204 }, errors: { 409: 'nobody would be owner' } })
  async remove(@NamespaceParam() namespace: RestNamespace, @NameParam('login') login: string): Promise<void> {
    const removed = await this.members.remove(namespace.id, login, namespace.actor);
    if (removed === 'unknown user') notFound();
    if (removed === 'last owner') throw lastOwner();
  }
}

const lastOwner = () => new RestRefusal(409, 'An organisation needs an owner: make somebody else one first.');

const membershipOf = (member: Member, { path }: RestNamespace) => ({
  state: 'active',
  role: roleName(member.role),
  user: memberOf(member),
  organization: { login: path },
});
