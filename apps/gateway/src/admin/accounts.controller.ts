import { Controller, Delete, HttpCode, Param, Post, Put, Req } from '@nestjs/common';
import { z } from 'zod';
import { AccountStore, createAccessToken, hashToken, MemberStore, TOKEN_SCOPES } from '#auth';
import { isNameComponent } from '#oci';
import type { Actor } from '#registry';
import { Login } from '../access/login.js';
import { Described } from '../http/described.js';
import type { GatewayRequest } from '../http/gateway-request.js';
import { readJson } from './json-body.js';
import { OperatorParam, OperatorsOnly } from './operator.guard.js';
import { Problem } from './problem.js';

const NewAccount = z.strictObject({ login: Login });
const Membership = z.strictObject({ role: z.enum(['owner', 'member']) });
const NewToken = z.strictObject({
  name: z
    .string()
    .min(1)
    .max(100)
    .refine((name) => !name.includes('\0'), 'no NUL'),
  scopes: z.array(z.enum(TOKEN_SCOPES)).min(1),
  expires_in_days: z.int().min(1).max(3650).optional(),
});

/** An account that the path names. Errors: Problem 404 for what none can be called. */
const AccountParam = (name: string) =>
  Param(name, {
    transform(login: string): string {
      if (isNameComponent(login.toLowerCase())) return login;
      throw new Problem(404, 'No such user or organisation');
    },
  });

/** Users, organisations, members and tokens, as operators make them. */
@Controller('admin/v1')
export class AccountsController {
  constructor(
    private readonly accounts: AccountStore,
    private readonly members: MemberStore,
  ) {}

  @Post('users')
  @OperatorsOnly()
  @Described({
    summary: 'Makes a user',
    body: NewAccount,
    answer: { status: 201 },
    errors: { 409: 'the name is taken' },
  })
  async createUser(@Req() request: GatewayRequest, @OperatorParam() operator: Actor): Promise<{ login: string }> {
    const { login } = await readJson(request, NewAccount);
    if (!(await this.accounts.createUser(login, operator))) throw nameTaken(login);
    return { login };
  }

  @Post('orgs')
  @OperatorsOnly()
  @Described({
    summary: 'Makes an organisation',
    body: NewAccount,
    answer: { status: 201 },
    errors: { 409: 'the name is taken' },
  })
  async createOrganisation(
    @Req() request: GatewayRequest,
    @OperatorParam() operator: Actor,
  ): Promise<{ login: string }> {
    const { login } = await readJson(request, NewAccount);
    if (!(await this.accounts.createOrganisation(login, operator))) throw nameTaken(login);
    return { login };
  }

  @Put('orgs/:organisation/members/:login')
  @OperatorsOnly()
  @Described({
    summary: 'Makes a user owner or member of an organisation',
    body: Membership,
    answer: { status: 200 },
    errors: { 409: 'nobody would be owner' },
  })
  async setMember(
    @AccountParam('organisation') organisation: string,
    @AccountParam('login') login: string,
    @Req() request: GatewayRequest,
    @OperatorParam() operator: Actor,
  ): Promise<{ login: string; role: string }> {
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

  @Post('users/:login/tokens')
  @OperatorsOnly()
  @Described({ summary: 'Makes an access token, shown this once', body: NewToken, answer: { status: 201 } })
  async createToken(
    @AccountParam('login') login: string,
    @Req() request: GatewayRequest,
    @OperatorParam() operator: Actor,
  ): Promise<{ id: number; token: string; name: string; scopes: string[]; expires_at: string | null }> {
    const { name, scopes, expires_in_days: expiresInDays } = await readJson(request, NewToken);
    const token = createAccessToken();
    const made = await this.accounts.createToken(
      { login, name, scopes, expiresInDays, hash: hashToken(token) },
      operator,
    );
    if (!made) throw new Problem(404, 'No such user');
    return { id: made.id, token, name, scopes, expires_at: made.expiresAt?.toISOString() ?? null };
  }

  @Delete('users/:login/tokens/:id')
  @HttpCode(204)
  @OperatorsOnly()
  @Described({ summary: 'Revokes an access token, at once', answer: { status: 204 } })
  async revokeToken(
    @AccountParam('login') login: string,
    @Param('id') id: string,
    @OperatorParam() operator: Actor,
  ): Promise<void> {
    const tokenId = /^[0-9]{1,9}$/.test(id) ? Number(id) : 0;
    if (!(await this.accounts.revokeToken(login, tokenId, operator))) throw new Problem(404, 'No such token');
  }
}

const lastOwner = () => new Problem(409, 'Last owner', 'Make somebody else an owner first.');
const nameTaken = (login: string) =>
  new Problem(409, 'Name taken', `A user or an organisation is called ${login} already.`);
