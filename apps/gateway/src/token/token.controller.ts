import { Controller, Get, Post, Req, Res, UseGuards } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { type AccessEntry, AccessFactsStore, BearerTokens, type Principal, parseScopes } from '#auth';
import { fail } from '#oci';
import { Judge } from '../access/judge.js';
import { LoginGuard } from '../credentials/credentials.guard.js';
import { parseBasic, principalOf, REJECTED } from '../credentials/credentials.js';
import { FailedLogins } from '../credentials/failed-logins.js';
import { findTokenHolder } from '../credentials/find-token-holder.js';
import { ExternalOrigin } from '../http/external-origin.js';
import type { GatewayRequest } from '../http/gateway-request.js';
import { readBody } from '../http/request-body.js';
import { Policy } from '../v2/access-policy.js';

const MAX_FORM_BYTES = 64 * 1024;

/**
 * Docker token protocol: GET with Basic, POST as OAuth2. A token lists what its owner may do of what was asked, and no
 * more; wrong credentials are a 401 even where an anonymous token would do, as clients take any token for a login.
 * No refresh tokens are given: clients keep the personal access token.
 */
@Controller('token')
export class TokenController {
  constructor(
    private readonly facts: AccessFactsStore,
    private readonly judge: Judge,
    private readonly tokens: BearerTokens,
    private readonly failedLogins: FailedLogins,
    private readonly origin: ExternalOrigin,
  ) {}

  @Get()
  @Policy('anyone')
  @UseGuards(LoginGuard)
  async get(@Req() request: GatewayRequest, @Res() reply: FastifyReply): Promise<void> {
    const { user, headers } = request;
    if (user === REJECTED) return this.refuse(request, parseBasic(headers.authorization)?.username);
    await this.answer(reply, user.principal, [request.query.scope ?? []].flat());
  }

  @Post()
  @Policy('anyone')
  async post(@Req() request: GatewayRequest, @Res() reply: FastifyReply): Promise<void> {
    const isForm = request.headers['content-type']?.startsWith('application/x-www-form-urlencoded');
    if (!isForm) fail('UNSUPPORTED', { reason: 'send application/x-www-form-urlencoded' }, { status: 400 });
    const form = new URLSearchParams((await readBody(request.raw, MAX_FORM_BYTES)).toString('utf8'));
    const grant = form.get('grant_type');
    if (grant !== 'password' && grant !== 'refresh_token') {
      fail('UNSUPPORTED', { grant_type: grant?.slice(0, 64), supported: ['password'] }, { status: 400 });
    }
    const secret = grant === 'password' ? form.get('password') : null; // no refresh token was ever given out
    const holder = secret === null ? undefined : await findTokenHolder(this.facts, secret);
    if (!holder) return this.refuse(request, form.get('username') ?? undefined);
    await this.answer(reply, principalOf(holder), form.getAll('scope'));
  }

  private async refuse(request: GatewayRequest, username: string | undefined): Promise<never> {
    await this.failedLogins.count(this.origin.clientAddress(request), username ?? '');
    const headers = { 'www-authenticate': 'Basic realm="berth"' };
    return fail('UNAUTHORIZED', { reason: 'unknown, expired or revoked token' }, { headers });
  }

  private async answer(reply: FastifyReply, principal: Principal, scopes: string[]): Promise<void> {
    const access = await this.grant(principal, parseScopes(scopes));
    const { token, expiresIn, issuedAt } = await this.tokens.issue(principal, access);
    reply
      .status(200) // Nest's default for POST is 201
      .header('cache-control', 'no-store')
      .send({ token, access_token: token, expires_in: expiresIn, issued_at: issuedAt.toISOString() });
  }

  private async grant(principal: Principal, requested: AccessEntry[]): Promise<AccessEntry[]> {
    const granted = await Promise.all(
      requested.map(async (entry) => {
        return { ...entry, actions: await this.judge.allowedAmong(principal, entry.actions, entry.name) };
      }),
    );
    return granted.filter((entry) => entry.actions.length > 0);
  }
}
