import { Controller, Delete, Get, HttpCode, Post, Put, Query, Req } from '@nestjs/common';
import { z } from 'zod';
import { AccountStore, MemberStore, type OrganisationRecord } from '#auth';
import {
  MemberAnswer,
  MembersAnswer,
  NewAccountAnswer,
  type OrganisationAnswer,
  OrganisationsAnswer,
  UsersAnswer,
} from '#contracts';
import type { Actor } from '#registry';
import { Login } from '../access/login.js';
import { Described } from '../http/described.js';
import type { GatewayRequest } from '../http/gateway-request.js';
import { AccountParam } from './account-param.js';
import { accountAnswer } from './account-view.js';
import { readJson } from './json-body.js';
import { OperatorParam, OperatorsOnly } from './operator.guard.js';
import { Problem } from './problem.js';

const NewAccount = z.strictObject({ login: Login });
const Membership = z.strictObject({ role: z.enum(['owner', 'member']) });
const PER_PAGE = 100;

/** Users, organisations and members, as operators make and list them. */
@Controller('admin/v1')
export class AccountsController {
  constructor(
    private readonly accounts: AccountStore,
    private readonly members: MemberStore,
  ) {}

  /** By login, 100 a page; `?after=NEXT` for the next. */
  @Get('users')
  @OperatorsOnly()
  @Described({
    summary: 'Lists users',
    query: { after: 'Login to go on behind' },
    answer: { status: 200, schema: UsersAnswer },
  })
  async listUsers(@Query('after') after: string | undefined): Promise<UsersAnswer> {
    const { items, next } = await this.accounts.listUsers({ limit: PER_PAGE, after: keyOf(after) });
    return { users: items.map(accountAnswer), next: next ?? null };
  }

  /** By name, 100 a page; `?after=NEXT` for the next. */
  @Get('orgs')
  @OperatorsOnly()
  @Described({
    summary: 'Lists organisations',
    query: { after: 'Name to go on behind' },
    answer: { status: 200, schema: OrganisationsAnswer },
  })
  async listOrganisations(@Query('after') after: string | undefined): Promise<OrganisationsAnswer> {
    const { items, next } = await this.accounts.listOrganisations({ limit: PER_PAGE, after: keyOf(after) });
    return { orgs: items.map(organisationAnswer), next: next ?? null };
  }

  /** By login, 100 a page; `?after=NEXT` for the next. */
  @Get('orgs/:organisation/members')
  @OperatorsOnly()
  @Described({
    summary: 'Lists members of an organisation',
    query: { after: 'Login to go on behind' },
    answer: { status: 200, schema: MembersAnswer },
  })
  async listMembers(
    @AccountParam('organisation') organisation: string,
    @Query('after') after: string | undefined,
  ): Promise<MembersAnswer> {
    const namespaceId = await this.accounts.findOrganisation(organisation);
    if (namespaceId === undefined) throw new Problem(404, 'No such organisation');
    const page = { limit: PER_PAGE, offset: 0, after: keyOf(after) };
    const { items, next } = await this.members.list(namespaceId, undefined, page);
    return { members: items.map(({ login, role }) => ({ login, role })), next: next ?? null };
  }

  @Post('users')
  @OperatorsOnly()
  @Described({
    summary: 'Makes a user',
    body: NewAccount,
    answer: { status: 201, schema: NewAccountAnswer },
    errors: { 409: 'the name is taken' },
  })
  async createUser(@Req() request: GatewayRequest, @OperatorParam() operator: Actor): Promise<NewAccountAnswer> {
    const { login } = await readJson(request, NewAccount);
    if (!(await this.accounts.createUser(login, operator))) throw nameTaken(login);
    return { login };
  }

  @Post('orgs')
  @OperatorsOnly()
  @Described({
    summary: 'Makes an organisation',
    body: NewAccount,
    answer: { status: 201, schema: NewAccountAnswer },
    errors: { 409: 'the name is taken' },
  })
  async createOrganisation(
    @Req() request: GatewayRequest,
    @OperatorParam() operator: Actor,
  ): Promise<NewAccountAnswer> {
    const { login } = await readJson(request, NewAccount);
    if (!(await this.accounts.createOrganisation(login, operator))) throw nameTaken(login);
    return { login };
  }

  @Put('orgs/:organisation/members/:login')
  @OperatorsOnly()
  @Described({
    summary: 'Makes a user owner or member of an organisation',
    body: Membership,
    answer: { status: 200, schema: MemberAnswer },
    errors: { 409: 'nobody would be owner' },
  })
  async setMember(
    @AccountParam('organisation') organisation: string,
    @AccountParam('login') login: string,
    @Req() request: GatewayRequest,
    @OperatorParam() operator: Actor,
  ): Promise<MemberAnswer> {
    const { role } = await readJson(request, Membership);
    const namespaceId = await this.accounts.findOrganisation(organisation);
    const set = namespaceId && (await this.members.set(namespaceId, login, role, operator));
    if (set === 'last owner') throw lastOwner();
    if (typeof set !== 'object') throw new Problem(404, 'No such organisation or user');
    return { login, role };
  }

  @Delete('orgs/:organisation/members/:login')
  @HttpCode(204)
  @OperatorsOnly()
  @Described({ summary: 'Removes a member of an organisation', answer: { status: 204 } })
  async removeMember(
    @AccountParam('organisation') organisation: string,
    @AccountParam('login') login: string,
    @OperatorParam() operator: Actor,
  ): Promise<void> {
    const namespaceId = await this.accounts.findOrganisation(organisation);
    const removed = namespaceId && (await this.members.remove(namespaceId, login, operator));
    if (removed === 'last owner') throw lastOwner();
    if (removed !== 'removed') throw new Problem(404, 'No such organisation or member');
  }
}

const lastOwner = () => new Problem(409, 'Last owner', 'Make somebody else an owner first.');
const nameTaken = (login: string) =>
  new Problem(409, 'Name taken', `A user or an organisation is called ${login} already.`);

/** A page's key as a text column can hold it. */
const keyOf = (after: string | undefined) => after?.toLowerCase().replaceAll('\0', '');

const organisationAnswer = ({ createdAt, requiresSignOn, ...rest }: OrganisationRecord): OrganisationAnswer => ({
  ...rest,
  created_at: createdAt.toISOString(),
  requires_sign_on: requiresSignOn,
});
