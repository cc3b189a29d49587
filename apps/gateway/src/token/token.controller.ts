import { Controller, Get, Post, Req, Res, UseGuards } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { type AccessEntry, BearerTokens, isIdentityToken, type Principal, parseScopes } from '#auth';
import { fail } from '#oci';
import { Judge } from '../access/judge.js';
import { LoginGuard } from '../credentials/credentials.guard.js';
import { type Credentials, parseBasic, REJECTED } from '../credentials/credentials.js';
import { FailedLogins } from '../credentials/failed-logins.js';
import { BASIC_CHALLENGE, Login } from '../credentials/login.js';
import { ExternalOrigin } from '../http/external-origin.js';
import type { GatewayRequest } from '../http/gateway-request.js';
import { readBody } from '../http/request-body.js';
import { CallerLimits } from '../limits/caller-limits.js';
import { Policy } from '../v2/access-policy.js';

const MAX_FORM_BYTES = 64 * 1024;

/**
 * Docker token protocol: GET with Basic, POST as OAuth2; and token exchange (RFC 8693) for workflows. A token lists what its owner may do of what was asked, and no
 * more; wrong credentials are a 401 even where an anonymous token would do, as clients take any token for a login.
 * No refresh tokens are given: clients keep the personal access token.
 */
@Controller('token')
export class TokenController {
  constructor(
    private readonly judge: Judge,
    private readonly login: Login,
    private readonly tokens: BearerTokens,
    private readonly failedLogins: FailedLogins,
    private readonly origin: ExternalOrigin,
    private readonly callerLimits: CallerLimits,
  ) {}

  @Get()
  @Policy('anyone')
  @UseGuards(LoginGuard)
  async get(@Req() request: GatewayRequest, @Res() reply: FastifyReply): Promise<void> {
    const { user, headers } = request;
    if (user === REJECTED) return this.refuse(request, parseBasic(headers.authorization)?.username);
    await this.answer(reply, user, [request.query.scope ?? []].flat());
  }

  @Post()
  @Policy('anyone')
  async post(@Req() request: GatewayRequest, @Res() reply: FastifyReply): Promise<void> {
    await this.callerLimits.spendToken(request, reply);
    const isForm = request.headers['content-type']?.startsWith('application/x-www-form-urlencoded');
    if (!isForm) fail('UNSUPPORTED', { reason: 'send application/x-www-form-urlencoded' }, { status: 400 });
    const form = new URLSearchParams((await readBody(request.raw, MAX_FORM_BYTES)).toString('utf8'));
    const scopes = form.getAll('scope');
    const secret = secretOf(form);
    const credentials = secret === null ? undefined : await this.login.run(secret, scopes);
    if (!credentials) return this.refuse(request, form.get('username') ?? undefined);
    const isExchange = form.get('grant_type') === TOKEN_EXCHANGE;
    await this.answer(reply, credentials, scopes, isExchange ? EXCHANGED : {});
  }

  private async refuse(request: GatewayRequest, username: string | undefined): Promise<never> {
    await this.failedLogins.count(this.origin.clientAddress(request), username ?? '');
    return fail('UNAUTHORIZED', { reason: 'unknown, expired or revoked token' }, BASIC_CHALLENGE);
  }

  private async answer(
    reply: FastifyReply,
    { principal, expiresAt }: Credentials,
    scopes: string[],
    more: object = {},
  ): Promise<void> {
    const access = await this.grant(principal, parseScopes(scopes));
    const { token, expiresIn, issuedAt } = await this.tokens.issue(principal, access, expiresAt);
    reply
      .status(200) // Nest's default for POST is 201
      .header('cache-control', 'no-store')
      .send({ token, access_token: token, expires_in: expiresIn, issued_at: issuedAt.toISOString(), ...more });
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

const TOKEN_EXCHANGE = 'urn:ietf:params:oauth:grant-type:token-exchange';
const TOKEN_TYPES = 'urn:ietf:params:oauth:token-type:';
/** Names of RFC 8693 for a workflow's OIDC token. */
const SUBJECT_TOKEN_TYPES = [`${TOKEN_TYPES}id_token`, `${TOKEN_TYPES}jwt`];
/** What the answer to an exchange says besides (RFC 8693, section 2.2.1). */
const EXCHANGED = { token_type: 'Bearer', issued_token_type: `${TOKEN_TYPES}access_token` };

/** The secret that a grant brings, null where it brings none. Errors: UNSUPPORTED with status 400 for other grants. */
function secretOf(form: URLSearchParams): string | null {
  const grant = form.get('grant_type');
  if (grant === 'password') return form.get('password');
  if (grant === 'refresh_token') return null; // none was ever given out
  if (grant !== TOKEN_EXCHANGE) {
    return fail(
      'UNSUPPORTED',
      { grant_type: grant?.slice(0, 64), supported: ['password', TOKEN_EXCHANGE] },
      BAD_REQUEST,
    );
  }
  const token = form.get('subject_token') ?? '';
  if (!SUBJECT_TOKEN_TYPES.includes(form.get('subject_token_type') ?? '')) {
    return fail('UNSUPPORTED', { subject_token_type: 'unknown', supported: SUBJECT_TOKEN_TYPES }, BAD_REQUEST);
  }
  // A personal access token is no subject to exchange: it would get past what is asked of a password.
  return isIdentityToken(token) ? token : null;
}

const BAD_REQUEST = { status: 400 };
