import { ERRORS } from '#oci';
import type { Refusal } from './refusal.js';

/** Methods of what lies behind the name, for `Allow`. */
const ALLOWED: Array<[RegExp, string]> = [
  [/^\/v2$/, 'GET, HEAD'],
  [/^\/v2\/_catalog$/, 'GET'],
  [/^\/v2\/[^/]+\/blobs\/uploads$/, 'POST'],
  [/^\/v2\/[^/]+\/blobs\/uploads\/[^/]+$/, 'GET, PATCH, PUT, DELETE'],
  [/^\/v2\/[^/]+\/_berth\/uploads$/, 'POST'],
  [/^\/v2\/[^/]+\/_berth\/uploads\/[^/]+$/, 'GET, PUT, DELETE'],
  [/^\/v2\/[^/]+\/blobs\/[^/]+$/, 'GET, HEAD, DELETE'],
  [/^\/v2\/[^/]+\/manifests\/[^/]+$/, 'GET, HEAD, PUT, DELETE'],
  [/^\/v2\/[^/]+\/tags\/list$/, 'GET'],
  [/^\/v2\/[^/]+\/referrers\/[^/]+$/, 'GET'],
  [/^\/token$/, 'GET, POST'],
];

/** What a request is told that no route takes: 405 for a known path's other methods, 404 for the rest. */
export function unrouted(url: string): Refusal {
  const path = url.split('?', 1)[0] ?? '';
  const allow = ALLOWED.find(([pattern]) => pattern.test(path))?.[1];
  return allow
    ? { ...ERRORS.UNSUPPORTED, code: 'UNSUPPORTED', headers: { allow } }
    : { ...ERRORS.NAME_UNKNOWN, code: 'NAME_UNKNOWN' };
}
