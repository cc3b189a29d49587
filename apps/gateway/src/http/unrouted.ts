import type { FastifyReply, FastifyRequest } from 'fastify';
import { ERRORS } from '#oci';
import { sendRefusal } from './error.filter.js';

/** Methods of what lies behind the name, for `Allow`. */
const ALLOWED: Array<[RegExp, string]> = [
  [/^\/v2\/$/, 'GET, HEAD'],
  [/^\/v2\/_catalog$/, 'GET'],
  [/^\/v2\/[^/]+\/blobs\/uploads\/?$/, 'POST'],
  [/^\/v2\/[^/]+\/blobs\/uploads\/[^/]+$/, 'GET, PATCH, PUT, DELETE'],
  [/^\/v2\/[^/]+\/blobs\/[^/]+$/, 'GET, HEAD, DELETE'],
  [/^\/v2\/[^/]+\/manifests\/[^/]+$/, 'GET, HEAD, PUT, DELETE'],
  [/^\/v2\/[^/]+\/tags\/list$/, 'GET'],
  [/^\/v2\/[^/]+\/referrers\/[^/]+$/, 'GET'],
  [/^\/token\/?$/, 'GET, POST'],
];

/** Answers what no route takes: 405 for a known path's other methods, 404 for the rest. */
export function answerUnrouted(request: FastifyRequest, reply: FastifyReply): void {
  const path = request.url.split('?', 1)[0] ?? '';
  const allow = ALLOWED.find(([pattern]) => pattern.test(path))?.[1];
  if (allow) {
    sendRefusal(request, reply, { ...ERRORS.UNSUPPORTED, code: 'UNSUPPORTED', headers: { allow } });
  } else {
    sendRefusal(request, reply, { ...ERRORS.NAME_UNKNOWN, code: 'NAME_UNKNOWN' });
  }
}
