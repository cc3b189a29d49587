import { type ArgumentsHost, Catch, type ExceptionFilter, HttpException, NotFoundException } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Logger } from 'pino';
import { faultStatus } from '#nest';
import { RegistryError } from '#oci';
import { ObjectMissingError } from '#registry';
import { Problem } from '../admin/problem.js';
import { RestRefusal } from '../rest/rest-refusal.js';
import { type Refusal, sendRefusal } from './refusal.js';
import { unrouted } from './unrouted.js';

/**
 * The one place that writes errors: the specification's form under /v2 and /token, GitHub's under
 * /api, RFC 9457 under /admin. Whatever is no
 * refusal of Berth's own is a fault: logged with all it has, told to the client without any of it.
 */
@Catch()
export class ErrorFilter implements ExceptionFilter {
  constructor(private readonly log: Logger) {}

  catch(error: unknown, host: ArgumentsHost): void {
    const request = host.switchToHttp().getRequest<FastifyRequest>();
    const reply = host.switchToHttp().getResponse<FastifyReply>();
    const refusal = this.refusalOf(error, request);
    if (reply.sent || request.raw.socket.destroyed) return;
    sendRefusal(request, reply, refusal);
  }

  private refusalOf(error: unknown, request: FastifyRequest): Refusal {
    if (error instanceof RegistryError) return { ...error, message: error.message };
    if (error instanceof Problem) {
      return { status: error.status, code: 'DENIED', message: error.title, detail: error.detail };
    }
    if (error instanceof RestRefusal) {
      return { status: error.status, code: 'DENIED', message: error.message, headers: error.headers };
    }
    if (error instanceof ObjectMissingError) {
      this.log.error(
        { requestId: request.id, objectKey: error.key },
        'an object that the database knows is not in storage',
      );
      return { status: 404, code: 'BLOB_UNKNOWN', message: 'blob unknown to registry' };
    }
    if (error instanceof NotFoundException) return unrouted(request.url); // Nest's own: no controller throws it
    const status = error instanceof HttpException ? error.getStatus() : faultStatus(error);
    if (status < 500) return { status, code: 'UNSUPPORTED', message: 'the request cannot be served' };
    if (request.raw.socket.destroyed) return { status, code: 'UNKNOWN', message: 'the client went away' };
    this.log.error(
      { err: error, requestId: request.id, method: request.method, path: request.url.split('?')[0] },
      'request failed',
    );
    if (status === 507) return { status, code: 'UNKNOWN', message: 'the storage of this registry is full' };
    return status === 503
      ? { status, code: 'UNAVAILABLE', message: 'try again in a moment', headers: { 'retry-after': '1' } }
      : {
          status: 500,
          code: 'UNKNOWN',
          message: 'Berth failed; its log has the details',
          detail: { requestId: request.id },
        };
  }
}
