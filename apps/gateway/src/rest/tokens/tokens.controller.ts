import { Controller, Delete, Get, HttpCode, Post, Query, Req, Res } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { z } from 'zod';
import { createAccessToken, hashToken, mayManage, type TokenBounds, type TokenHolder, TokenStore } from '#auth';
import { NewTokenAnswer, TokenAnswer } from '#contracts';
import type { RepositoryName } from '#oci';
import { actorOf, Judge } from '../../access/judge.js';
import { principalOf } from '../../credentials/credentials.js';
import { Described } from '../../http/described.js';
import { ExternalOrigin } from '../../http/external-origin.js';
import type { Query as QueryValues } from '../../http/gateway-request.js';
import { requestAddress } from '../../http/request-address.js';
import { parsePage } from '../paging.js';
import { RestAccess } from '../rest-access.js';
import { readRestJson } from '../rest-json.js';
import { notFound, RestRefusal } from '../rest-refusal.js';
import { HolderParam, type RestRequest } from '../rest-request.js';
import { TokenForm, tokenView } from './token-form.js';
import { TokenIdParam } from './token-id.js';

const DAY_MS = 86_400_000;

/** The caller's own access tokens. A token makes, rotates and ends only tokens that can do no more than itself. */
@Controller('api/v3/user/tokens')
export class TokensController {
  constructor(
    private readonly tokens: TokenStore,
    private readonly judge: Judge,
    private readonly origin: ExternalOrigin,
  ) {}

  @Get()
  @RestAccess('known caller')
  @Described({
    summary: 'Lists the caller’s live access tokens, by id',
    query: { per_page: 'Tokens on a page, 30 unless said, 100 at most', after: 'The id that the page begins behind' },
    answer: { status: 200, schema: z.array(TokenAnswer) },
  })
  async list(
    @HolderParam() holder: TokenHolder,
    @Query() query: QueryValues,
    @Req() request: RestRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<TokenAnswer[]> {
    const { perPage, after } = parsePage(query);
    const known = /^[0-9]{1,9}$/.test(after ?? '') ? Number(after) : 0;
    const tokens = await this.tokens.list(holder.userId, perPage + 1, known);
    const page = tokens.slice(0, perPage);
    if (tokens.length > perPage) {
      const url = `${this.origin.of(request)}/api/v3/user/tokens?per_page=${perPage}&after=${page.at(-1)?.id}`;
      reply.header('link', `<${url}>; rel="next"`);
    }
    const own = await this.tokens.find(holder.userId, holder.tokenId);
    const isConfined = own?.namespace !== undefined || own?.packageIds !== undefined;
    // What lies outside its confinement is not for it to see.
    return page.filter((token) => !isConfined || (own && mayManage(own, token))).map(tokenView);
  }

  @Post()
  @RestAccess('known caller')
  @Described({
    summary: 'Makes an access token; it is shown this once',
    body: TokenForm,
    answer: { status: 201, schema: NewTokenAnswer },
    errors: {
      400: 'the body does not fit',
      409: 'the caller has 1,000 tokens',
      422: 'it is to be confined to what is not there',
    },
  })
  async create(@HolderParam() holder: TokenHolder, @Req() request: RestRequest): Promise<NewTokenAnswer> {
    const form = await readRestJson(request, TokenForm);
    const { name, scopes, organization: namespace, packages, expires_in_days: days } = form;
    const packageIds = packages && (await this.idsOf(packages, holder));
    const expiresAt = days === undefined ? undefined : new Date(Date.now() + days * DAY_MS);
    const bounds = { scopes, namespace, packageIds, expiresAt, signedOnTo: [], isSignedOn: false };
    await this.assertMayManage(holder, bounds);
    const token = createAccessToken();
    const draft = { name, scopes, namespace, packages, expiresInDays: days, countsPulls: form.counts_pulls };
    const made = await this.tokens.create(holder.userId, { ...draft, hash: hashToken(token) }, actor(holder));
    if (made === 'full') throw new RestRefusal(409, 'You have 1,000 tokens: revoke one first.');
    if (made === 'unknown namespace') throw new RestRefusal(422, 'There is no such organization.');
    if (made === 'unknown package') throw unknownPackage();
    return { ...tokenView(made), token };
  }

  @Post(':token_id/rotation')
  @RestAccess('known caller')
  @Described({
    summary: 'Ends an access token and makes another like it, which is shown this once',
    answer: { status: 201, schema: NewTokenAnswer },
  })
  async rotate(@HolderParam() holder: TokenHolder, @TokenIdParam() id: number): Promise<NewTokenAnswer> {
    await this.assertMayManageToken(holder, id);
    const token = createAccessToken();
    const made = await this.tokens.rotate(holder.userId, id, hashToken(token), actor(holder));
    return made ? { ...tokenView(made), token } : notFound();
  }

  @Delete(':token_id')
  @HttpCode(204)
  @RestAccess('known caller')
  @Described({ summary: 'Ends an access token at once', answer: { status: 204 } })
  async revoke(@HolderParam() holder: TokenHolder, @TokenIdParam() id: number): Promise<void> {
    await this.assertMayManageToken(holder, id);
    if (!(await this.tokens.revoke(holder.userId, id, actor(holder)))) notFound();
  }

  private async assertMayManageToken(holder: TokenHolder, id: number): Promise<void> {
    const other = await this.tokens.find(holder.userId, id);
    await this.assertMayManage(holder, other ?? notFound());
  }

  private async assertMayManage(holder: TokenHolder, other: TokenBounds): Promise<void> {
    const own = await this.tokens.find(holder.userId, holder.tokenId);
    if (own && mayManage(own, other)) return;
    throw new RestRefusal(403, 'A token manages only tokens that can do no more, and live no longer, than itself.');
  }

  /** Ids of packages that the caller may see; those that it may not are told as if they were not there. */
  private async idsOf(names: RepositoryName[], holder: TokenHolder): Promise<number[]> {
    return Promise.all(
      names.map(async (name) => {
        const judgement = await this.judge.judge(principalOf(holder), 'pull', name);
        const found = judgement === 'revoked' || !judgement.isVisible ? undefined : judgement.facts.package;
        if (!found) throw unknownPackage();
        return found.id;
      }),
    );
  }
}

const actor = (holder: TokenHolder) => actorOf({ kind: 'user', ...holder }, false, requestAddress());
const unknownPackage = () => new RestRefusal(422, 'There is no such package, or you may not see it.');
