import { Controller, Delete, Get, HttpCode, Param, Patch, Post, Query, Req } from '@nestjs/common';
import { createAccessToken, hashToken, type TokenRecord, TokenStore } from '#auth';
import { NewTokenAnswer, TokenAnswer, TokensAnswer } from '#contracts';
import type { Actor } from '#registry';
import { Described } from '../http/described.js';
import type { GatewayRequest } from '../http/gateway-request.js';
import { TokenConfinementForm, TokenForm, tokenView } from '../rest/tokens/token-form.js';
import { AccountParam } from './account-param.js';
import { readJson } from './json-body.js';
import { OperatorParam, OperatorsOnly } from './operator.guard.js';
import { Problem } from './problem.js';

const PER_PAGE = 100;

/** Access tokens of any user, as operators keep them. */
@Controller('admin/v1/users/:login/tokens')
export class UserTokensController {
  constructor(private readonly tokens: TokenStore) {}

  /** Live ones by id, 100 a page; `?after=NEXT` for the next. */
  @Get()
  @OperatorsOnly()
  @Described({
    summary: 'Lists the live access tokens of a user',
    query: { after: 'ID to go on behind' },
    answer: { status: 200, schema: TokensAnswer },
  })
  async list(@AccountParam('login') login: string, @Query('after') after: string | undefined): Promise<TokensAnswer> {
    const found = await this.tokens.list(await this.userOf(login), PER_PAGE + 1, idOf(after));
    const page = found.slice(0, PER_PAGE);
    return { tokens: page.map(tokenView), next: found.length > PER_PAGE ? String(page.at(-1)?.id) : null };
  }

  /** Confined by `organization`, `packages` or both. Errors: Problem 404, 409 for a user with 1,000 tokens, 422. */
  @Post()
  @OperatorsOnly()
  @Described({
    summary: 'Makes an access token, shown this once',
    body: TokenForm,
    answer: { status: 201, schema: NewTokenAnswer },
    errors: { 409: 'the user has 1,000 tokens', 422: 'it is to be confined to what is not there' },
  })
  async create(
    @AccountParam('login') login: string,
    @Req() request: GatewayRequest,
    @OperatorParam() operator: Actor,
  ): Promise<NewTokenAnswer> {
    const form = await readJson(request, TokenForm);
    const { name, scopes, organization: namespace, packages, expires_in_days: expiresInDays } = form;
    const token = createAccessToken();
    const draft = { name, scopes, namespace, packages, expiresInDays, countsPulls: form.counts_pulls };
    const made = await this.tokens.create(await this.userOf(login), { ...draft, hash: hashToken(token) }, operator);
    if (made === 'full') throw new Problem(409, 'Too many tokens', 'The user has 1,000: revoke one first.');
    return { ...tokenView(assertFound(made)), token };
  }

  /** `{"organization": "acme" | null, "packages": ["acme/app"] | null}` in place of what bounds it now. Errors: Problem 404, 422. */
  @Patch(':id')
  @OperatorsOnly()
  @Described({
    summary: 'Confines an access token to an organisation or packages, at once',
    body: TokenConfinementForm,
    answer: { status: 200, schema: TokenAnswer },
    errors: { 422: 'it is to be confined to what is not there' },
  })
  async confine(
    @AccountParam('login') login: string,
    @Param('id') id: string,
    @Req() request: GatewayRequest,
    @OperatorParam() operator: Actor,
  ): Promise<TokenAnswer> {
    const { organization, packages } = await readJson(request, TokenConfinementForm);
    const to = { namespace: organization ?? undefined, packages: packages ?? undefined };
    const confined = await this.tokens.confine(await this.userOf(login), idOf(id), to, operator);
    return tokenView(assertFound(confined));
  }

  /** Errors: Problem 404. */
  @Post(':id/rotation')
  @OperatorsOnly()
  @Described({
    summary: 'Ends an access token and makes another like it, which is shown this once',
    answer: { status: 201, schema: NewTokenAnswer },
  })
  async rotate(
    @AccountParam('login') login: string,
    @Param('id') id: string,
    @OperatorParam() operator: Actor,
  ): Promise<NewTokenAnswer> {
    const token = createAccessToken();
    const made = await this.tokens.rotate(await this.userOf(login), idOf(id), hashToken(token), operator);
    return { ...tokenView(assertFound(made)), token };
  }

  @Delete(':id')
  @HttpCode(204)
  @OperatorsOnly()
  @Described({ summary: 'Revokes an access token, at once', answer: { status: 204 } })
  async revoke(
    @AccountParam('login') login: string,
    @Param('id') id: string,
    @OperatorParam() operator: Actor,
  ): Promise<void> {
    if (!(await this.tokens.revoke(await this.userOf(login), idOf(id), operator))) throw noToken();
  }

  private async userOf(login: string): Promise<number> {
    const userId = await this.tokens.findUser(login);
    if (userId === undefined) throw new Problem(404, 'No such user');
    return userId;
  }
}

/** 0, which no row has, for what is no id. */
const idOf = (text: string | undefined): number => (/^[0-9]{1,9}$/.test(text ?? '') ? Number(text) : 0);

const noToken = () => new Problem(404, 'No such token');

/** Errors: Problem 404 without a token, 422 where it is to be confined to what is not there. */
function assertFound(made: TokenRecord | 'unknown namespace' | 'unknown package' | undefined): TokenRecord {
  if (made === undefined) throw noToken();
  if (made === 'unknown namespace') throw new Problem(422, 'No such organisation');
  if (made === 'unknown package') throw new Problem(422, 'No such package', 'Say OWNER/NAME.');
  return made;
}
