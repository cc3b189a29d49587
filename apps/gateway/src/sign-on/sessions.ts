import { randomBytes } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { hashToken, type NewSession, SignOnStore, type TokenHolder } from '#auth';
import type { Settings } from '#config';
import { SETTINGS } from '#nest';
import { ExternalOrigin } from '../http/external-origin.js';
import { Cookie } from './cookies.js';

const COOKIE = new Cookie('berth-session');
const FORM = /^[\w-]{43}$/;

/** Sessions of browsers. Their secret is 256 random bits in a cookie; the database knows its hash. */
@Injectable()
export class Sessions {
  constructor(
    private readonly store: SignOnStore,
    private readonly origin: ExternalOrigin,
    @Inject(SETTINGS) private readonly settings: Settings,
  ) {}

  /** Opens a session by `open`, under a new secret; the one that the browser had ends. */
  async open<T extends object>(
    request: FastifyRequest,
    reply: FastifyReply,
    open: (session: NewSession) => Promise<T | string | undefined>,
  ): Promise<T | string | undefined> {
    const secret = randomBytes(32).toString('base64url');
    const lifetime = this.settings.BERTH_SESSION_TTL;
    const opened = await open({ hash: hashToken(secret), lifetime, address: this.origin.clientAddress(request) });
    if (typeof opened !== 'object') return opened;
    await this.end(request);
    COOKIE.write(reply, this.origin.of(request), secret);
    return opened;
  }

  /** Whose session the request comes with. A request with an Authorization header has none: that header decides alone. */
  async find(request: FastifyRequest): Promise<(TokenHolder & { isSignedOn: boolean }) | undefined> {
    if (request.headers.authorization !== undefined) return undefined;
    const secret = this.secretOf(request);
    return secret === undefined
      ? undefined
      : this.store.findSession(hashToken(secret), this.settings.BERTH_SESSION_IDLE);
  }

  async close(request: FastifyRequest, reply: FastifyReply): Promise<void> {
    await this.end(request);
    COOKIE.clear(reply, this.origin.of(request));
  }

  /**
   * Whether a page of this origin sent the request, and not another site with the browser's cookies. Browsers say so on
   * everything but plain links; who says nothing is none.
   */
  isOwn({ headers }: FastifyRequest, origin: string): boolean {
    return headers.origin === undefined ? headers['sec-fetch-site'] === 'same-origin' : headers.origin === origin;
  }

  private async end(request: FastifyRequest): Promise<void> {
    const secret = this.secretOf(request);
    if (secret !== undefined) await this.store.closeSession(hashToken(secret));
  }

  private secretOf(request: FastifyRequest): string | undefined {
    if (request.headers.cookie === undefined) return undefined;
    const secret = COOKIE.read(request, this.origin.of(request));
    return secret !== undefined && FORM.test(secret) ? secret : undefined;
  }
}
