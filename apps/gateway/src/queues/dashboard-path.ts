const BASE = '/admin/queues';
const MAX_LENGTH = 2048;
/** What a URL may be written with (RFC 3986), but for the fragment. */
const WRITTEN = /^(?:[\w\-.~!$&'()*+,;=:@/?]|%[0-9a-fA-F]{2})*$/;
/** Slashes, backslashes and NUL in disguise: nobody's queue or job is called so. */
const DISGUISED = /%(?:2f|5c|00)/i;

/**
 * What a URL says behind `/admin/queues`, its query included; undefined for what has no business there: a path that another
 * reader could take for another one.
 */
export function dashboardPath(url: string): string | undefined {
  const rest = url.slice(BASE.length);
  if (!url.startsWith(BASE) || !/^(?:$|[/?])/.test(rest) || rest.length > MAX_LENGTH) return undefined;
  const [path = ''] = rest.split('?', 1);
  if (!WRITTEN.test(rest) || DISGUISED.test(path) || path.includes('//')) return undefined;
  const isDotted = path.split('/').some((segment) => /^\.{1,2}$/.test(segment.replace(/%2e/gi, '.')));
  return isDotted ? undefined : rest;
}
