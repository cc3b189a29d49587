import { Controller, Delete, HttpCode, Put, Req } from '@nestjs/common';
import { type TokenHolder, TokenStore } from '#auth';
import { actorOf } from '../../access/judge.js';
import { Described } from '../../http/described.js';
import { requestAddress } from '../../http/request-address.js';
import { Sessions } from '../../sign-on/sessions.js';
import { NameParam } from '../access/params.js';
import { RestAccess } from '../rest-access.js';
import { notFound, RestRefusal } from '../rest-refusal.js';
import { HolderParam, type RestRequest } from '../rest-request.js';
import { TokenIdParam } from '../tokens/token-id.js';

/** Lets the caller's own access tokens act in organisations that demand single sign-on: who signed in there vouches. */
@Controller('api/v3/user/tokens/:token_id/sso/:org')
export class TokenSignOnController {
  constructor(
    private readonly tokens: TokenStore,
    private readonly sessions: Sessions,
  ) {}

  @Put()
  @HttpCode(204)
  @RestAccess('known caller')
  @Described({
    summary: 'Authorises an access token for an organisation with single sign-on',
    answer: { status: 204 },
    errors: { 403: 'the caller did not sign in at the OpenID provider' },
  })
  async authorise(
    @HolderParam() holder: TokenHolder,
    @TokenIdParam() id: number,
    @NameParam('org') organisation: string,
    @Req() request: RestRequest,
  ): Promise<void> {
    const session = await this.sessions.find(request);
    if (!session?.isSignedOn) throw new RestRefusal(403, 'Sign in at the OpenID provider for this: /login/sso.');
    await this.set(holder, id, organisation, true);
  }

  @Delete()
  @HttpCode(204)
  @RestAccess('known caller')
  @Described({ summary: 'Takes that authorisation away', answer: { status: 204 } })
  async deauthorise(
    @HolderParam() holder: TokenHolder,
    @TokenIdParam() id: number,
    @NameParam('org') organisation: string,
  ): Promise<void> {
    await this.set(holder, id, organisation, false);
  }

  private async set(holder: TokenHolder, id: number, organisation: string, isSignedOn: boolean): Promise<void> {
    const actor = actorOf({ kind: 'user', ...holder }, false, requestAddress());
    if (!(await this.tokens.setSignedOn(holder.userId, id, organisation, isSignedOn, actor))) notFound();
  }
}
