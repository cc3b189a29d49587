/**
 * Repository names hold slashes, and Fastify knows wildcards only at a path's end. So a path under /v2 is read here once,
 * from the right, and the name goes on as one encoded segment: routing and authorisation then see the same decoded form.
 */

/** What stands right of the name: the fixed words, and how many segments follow them. */
const ENDINGS: Array<{ words: string[]; following: 0 | 1 }> = [
  { words: ['blobs', 'uploads'], following: 1 },
  { words: ['blobs', 'uploads'], following: 0 },
  { words: ['_berth', 'uploads'], following: 1 },
  { words: ['_berth', 'uploads'], following: 0 },
  { words: ['tags', 'list'], following: 0 },
  { words: ['blobs'], following: 1 },
  { words: ['manifests'], following: 1 },
  { words: ['referrers'], following: 1 },
];

/** Addresses that are written with a slash at their end, and often without. */
const ENDING_SLASH = /^(\/v2|\/token|\/v2\/.+\/(?:blobs|_berth)\/uploads)\/$/;

/** The absolute form that proxies are sent, and that every server takes (RFC 9112 section 3.2.2). */
const ABSOLUTE = /^https?:\/\/[^/]+(?=\/)/i;

/** `/v2/acme/app/manifests/1?x=y` -> `/v2/acme%2Fapp/manifests/1?x=y`. What is no repository path comes back as it is. */
export function routableUrl(url: string): string {
  const mark = url.indexOf('?');
  const path = (mark < 0 ? url : url.slice(0, mark)).replace(ABSOLUTE, '').replace(ENDING_SLASH, '$1');
  const query = mark < 0 ? '' : url.slice(mark);
  if (!path.startsWith('/v2/')) return path + query;
  const segments = path.slice('/v2/'.length).split('/');
  for (const { words, following } of ENDINGS) {
    const at = segments.length - words.length - following;
    if (at < 1 || !words.every((word, i) => segments[at + i] === word)) continue;
    const name = segments.slice(0, at).join('/');
    const rest = segments.slice(at).join('/');
    return `/v2/${encodeName(name)}/${rest}${query}`;
  }
  return path + query;
}

/**
 * The name's segments are decoded once, so that `%41` cannot be a second spelling of `A`; an encoded slash would be a
 * second spelling of the separator and stays encoded, which no repository name allows: NAME_INVALID follows.
 */
function encodeName(name: string): string {
  try {
    return encodeURIComponent(name.replace(/%2f/gi, '%252F').split('/').map(decodeURIComponent).join('/'));
  } catch {
    return encodeURIComponent(name);
  }
}
