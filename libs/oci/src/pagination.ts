import { fail } from './errors/registry-error.js';

/** One page of a list ordered by key. */
export interface Page<T> {
  items: T[];
  /** Key of the page's last item when more follow. */
  next: string | undefined;
}

/** What a client may ask of a list: at most `limit` items whose key follows `after`. */
export interface PageRequest {
  limit: number;
  after: string | undefined;
}

const MAX_PAGE = 1000;
const DIGITS = /^[0-9]+$/;

/**
 * Reads `n` and `last` (distribution-spec end-8b). A larger `n` counts as `max`; `n=0` is an empty page.
 * Errors: UNSUPPORTED with status 400 for an `n` that is no whole number.
 */
export function parsePageRequest(n: string | undefined, last: string | undefined, max = MAX_PAGE): PageRequest {
  if (n !== undefined && !DIGITS.test(n)) {
    fail('UNSUPPORTED', { n: n.slice(0, 64), expected: `a whole number from 0 to ${max}` }, { status: 400 });
  }
  return { limit: n === undefined ? max : Math.min(Number(n), max), after: last === '' ? undefined : last };
}

/** A `Link` header for the page after this one; parameters stay in the order given (RFC 8288). */
export function nextLink(path: string, parameters: Record<string, string | undefined>): string {
  const query = Object.entries(parameters)
    .filter((entry): entry is [string, string] => entry[1] !== undefined)
    .map(([name, value]) => `${name}=${encodeURIComponent(value)}`)
    .join('&');
  return `<${path}?${query}>; rel="next"`;
}
