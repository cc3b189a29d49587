import {
  Controller,
  type ExecutionContext,
  Get,
  HttpCode,
  Injectable,
  Optional,
  Post,
  Query,
  Req,
  Res,
  UseGuards,
} from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { type ProvenIdentity, SignOnStore, type TokenHolder } from '#auth';
import { readJson } from '../admin/json-body.js';
import { Problem } from '../admin/problem.js';
import { AccessTokens } from '../credentials/access-tokens.js';
import { FailedLogins } from '../credentials/failed-logins.js';
import { PassportGuard } from '../credentials/passport.guard.js';
import { ExternalOrigin } from '../http/external-origin.js';
import type { GatewayRequest } from '../http/gateway-request.js';
import { CallerLimits } from '../limits/caller-limits.js';
import { Policy } from '../v2/access-policy.js';
import { OpenIdProvider } from './openid-provider.js';
import { PENDING, PENDING_SECONDS, pathToReturnTo, readPending, writePending } from './pending.js';
import { Sessions } from './sessions.js';

const CALLBACK = '/login/sso/callback';
const TokenLogin = z.strictObject({ token: z.string().max(1000) });

/** Lets in whom the OpenID provider vouches for. */
@Injectable()
export class SignOnGuard extends PassportGuard('sign-on') {
  constructor(private readonly limits: CallerLimits) {
    super();
  }

  override async canActivate(context: ExecutionContext): Promise<boolean> {
    const http = context.switchToHttp();
    await this.limits.spendToken(http.getRequest(), http.getResponse()); // each asks the provider
    return (await super.canActivate(context)) === true;
  }

  override handleRequest<T = ProvenIdentity>(error: unknown, identity: ProvenIdentity | false): T {
    if (error) throw error;
    if (!identity) throw new Problem(401, 'Signing in did not succeed', 'Begin again at /login/sso.');
    return identity as T;
  }
}

/** Sessions of browsers: opened at the OpenID provider, or with an access token, as the administrator does. */
@Controller()
export class SignOnController {
  constructor(
    private readonly store: SignOnStore,
    private readonly sessions: Sessions,
    private readonly tokens: AccessTokens,
    private readonly failedLogins: FailedLogins,
    private readonly origin: ExternalOrigin,
    private readonly limits: CallerLimits,
    @Optional() private readonly provider?: OpenIdProvider,
  ) {}

  /** Sends the browser to the provider; it comes back to `return_to`, a path of this origin. */
  @Get('login/sso')
  @Policy('anyone')
  async begin(
    @Query('return_to') returnTo: string | string[] | undefined,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    if (!this.provider) throw new Problem(404, 'No single sign-on here', 'The operator sets BERTH_OIDC_ISSUER for it.');
    await this.limits.spendToken(request, reply);
    const origin = this.origin.of(request);
    const { url, pending } = await this.provider.begin(origin + CALLBACK).catch(() => {
      throw new Problem(503, 'The OpenID provider does not answer', 'Try again, or tell an operator.');
    });
    const path = pathToReturnTo([returnTo].flat()[0]);
    PENDING.write(reply, origin, writePending({ ...pending, returnTo: path }), PENDING_SECONDS);
    reply.status(302).header('cache-control', 'no-store').header('location', url).send();
  }

  /** The browser comes back. Errors: Problem 401 for what does not fit, 403 for a disabled user, 409 for a taken name. */
  @Get('login/sso/callback')
  @Policy('anyone')
  @UseGuards(SignOnGuard)
  async finish(@Req() request: FastifyRequest & { user: ProvenIdentity }, @Res() reply: FastifyReply): Promise<void> {
    const { user: identity } = request;
    if (Buffer.byteLength(identity.subject) > 255)
      throw new Problem(403, 'Your provider’s subject for you is too long');
    const origin = this.origin.of(request);
    // Without https somebody on the way could have set the cookie.
    const returnTo = pathToReturnTo(readPending(PENDING.read(request, origin))?.returnTo);
    PENDING.clear(reply, origin);
    const opened = await this.sessions.open(request, reply, (session) => this.store.signIn(identity, session));
    if (opened === 'disabled') throw new Problem(403, 'This account is disabled', 'Ask an operator.');
    if (opened === 'name taken') {
      throw new Problem(409, 'Your login is taken or cannot be used here', 'Ask an operator to link you to a user.');
    }
    reply.status(302).header('cache-control', 'no-store').header('location', returnTo).send();
  }

  /** Opens a session with an access token, for this registry's own page. Errors: Problem 401, 403; TOOMANYREQUESTS. */
  @Post('login')
  @HttpCode(200)
  @Policy('anyone')
  async login(
    @Req() request: GatewayRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<{ login: string; scopes: string[] }> {
    this.assertOwn(request);
    await this.limits.spendToken(request, reply); // each opens a session
    const { token } = await readJson(request, TokenLogin);
    const holder = await this.tokens.find(token);
    const opened =
      holder && (await this.sessions.open(request, reply, (session) => this.store.openWithToken(holder, session)));
    if (typeof opened !== 'object') {
      await this.failedLogins.count(this.origin.clientAddress(request), 'login');
      throw new Problem(401, 'Unknown, expired or revoked token');
    }
    return { login: opened.login, scopes: opened.scopes };
  }

  /** Who the session is. Errors: Problem 401. */
  @Get('login')
  @Policy('anyone')
  async who(@Req() request: FastifyRequest): Promise<{ login: string; scopes: string[] }> {
    const holder: TokenHolder | undefined = await this.sessions.find(request);
    if (!holder) throw new Problem(401, 'Not signed in');
    return { login: holder.login, scopes: holder.scopes };
  }

  /** Ends the session. */
  @Post('logout')
  @HttpCode(204)
  @Policy('anyone')
  async logout(@Req() request: FastifyRequest, @Res({ passthrough: true }) reply: FastifyReply): Promise<void> {
    this.assertOwn(request);
    await this.sessions.close(request, reply);
  }

  private assertOwn(request: FastifyRequest): void {
    if (!this.sessions.isOwn(request, this.origin.of(request))) {
      throw new Problem(403, 'Not from a page of this registry', 'The request must come from its own origin.');
    }
  }
}
