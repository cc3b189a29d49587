import { parseCookie, stringifySetCookie } from 'cookie';
import type { FastifyReply, FastifyRequest } from 'fastify';

/**
 * Cookies of this origin alone: not for scripts, not sent along with other sites' requests but for links, and under https
 * under the `__Host-` name, which no other host and no plain http can set.
 */
export class Cookie {
  constructor(private readonly name: string) {}

  read(request: FastifyRequest, origin: string): string | undefined {
    return parseCookie(request.headers.cookie ?? '')[this.nameAt(origin)];
  }

  /** `maxAge` in seconds; undefined: as long as the browser runs, 0: gone. */
  write(reply: FastifyReply, origin: string, value: string, maxAge?: number): void {
    const cookie = stringifySetCookie({
      name: this.nameAt(origin),
      value,
      path: '/',
      httpOnly: true,
      sameSite: 'lax',
      secure: isSecure(origin),
      ...(maxAge !== undefined && { maxAge }),
    });
    reply.header('set-cookie', cookie);
  }

  clear(reply: FastifyReply, origin: string): void {
    this.write(reply, origin, '', 0);
  }

  private nameAt(origin: string): string {
    return isSecure(origin) ? `__Host-${this.name}` : this.name;
  }
}

const isSecure = (origin: string) => origin.startsWith('https:');
