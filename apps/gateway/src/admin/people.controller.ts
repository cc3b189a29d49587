import { Controller, Get, HttpCode, Param, Patch, Put, Req } from '@nestjs/common';
import { z } from 'zod';
import { AccountStore, SignOnStore } from '#auth';
import { UserAnswer, UserChangeAnswer } from '#contracts';
import { isNameComponent } from '#oci';
import type { Actor } from '#registry';
import { Described } from '../http/described.js';
import type { GatewayRequest } from '../http/gateway-request.js';
import { accountAnswer } from './account-view.js';
import { readJson } from './json-body.js';
import { OperatorParam, OperatorsOnly } from './operator.guard.js';
import { Problem } from './problem.js';

const text = (max: number) =>
  z
    .string()
    .min(1)
    .max(max)
    .refine((value) => Buffer.byteLength(value) <= max, `at most ${max} bytes`)
    .refine((value) => !value.includes('\0'), 'no NUL');
const UserChange = z.strictObject({ disabled: z.boolean() });
const Identity = z.strictObject({ issuer: text(1000), subject: text(255) });

/** One user, as operators look at them, lock them out and link them to who they are at the OpenID provider. */
@Controller('admin/v1/users/:login')
export class PeopleController {
  constructor(
    private readonly accounts: AccountStore,
    private readonly signOn: SignOnStore,
  ) {}

  @Get()
  @OperatorsOnly()
  @Described({
    summary: 'A user, with organisations and the number of live tokens',
    answer: { status: 200, schema: UserAnswer },
  })
  async show(@Param('login') login: string): Promise<UserAnswer> {
    const user = isLogin(login) ? await this.accounts.findUser(login) : undefined;
    if (!user) throw new Problem(404, 'No such user');
    return accountAnswer(user);
  }

  /** A disabled user's tokens, sessions and sign-ons do nothing; nothing but this call enables them again. */
  @Patch()
  @OperatorsOnly()
  @Described({
    summary: 'Disables a user, or enables one again',
    body: UserChange,
    answer: { status: 200, schema: UserChangeAnswer },
  })
  async change(
    @Param('login') login: string,
    @Req() request: GatewayRequest,
    @OperatorParam() operator: Actor,
  ): Promise<UserChangeAnswer> {
    const { disabled } = await readJson(request, UserChange);
    if (disabled && login.toLowerCase() === operator.login.toLowerCase()) {
      throw new Problem(409, 'That is you', 'Somebody else must disable you.');
    }
    if (!isLogin(login) || !(await this.accounts.setDisabled(login, disabled, operator))) throw noUser();
    return { login, disabled };
  }

  /** Makes a subject of an issuer this user's. Errors: Problem 404, also when the subject is somebody else's. */
  @Put('identities')
  @HttpCode(204)
  @OperatorsOnly()
  @Described({ summary: 'Says whose account the subject of an issuer is', body: Identity, answer: { status: 204 } })
  async link(
    @Param('login') login: string,
    @Req() request: GatewayRequest,
    @OperatorParam() operator: Actor,
  ): Promise<void> {
    const { issuer, subject } = await readJson(request, Identity);
    if (!isLogin(login) || !(await this.signOn.link(login, issuer, subject, operator))) throw noUser();
  }
}

const isLogin = (login: string) => isNameComponent(login.toLowerCase());
const noUser = () => new Problem(404, 'No such user', 'Or the subject is another user’s already.');
