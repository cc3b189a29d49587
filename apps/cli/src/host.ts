import { Failure } from './failure.js';

const LOOPBACK = /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])$/;

/**
 * The origin that a person means: `registry.example.com` is https, `127.0.0.1:5000` and its like are http. Errors: Failure for
 * what names more than a host; a password in it would be kept and shown.
 */
export function parseHost(text: string): string {
  const hasScheme = /^https?:\/\//i.test(text);
  const isNear = LOOPBACK.test(URL.parse(`http://${text}`)?.hostname ?? '');
  const url = URL.parse(hasScheme ? text : `${isNear ? 'http' : 'https'}://${text}`);
  if (url && url.pathname === '/' && !url.search && !url.hash && !url.username && !url.password) return url.origin;
  throw new Failure('usage', 'The host must be HOST[:PORT] or https://HOST[:PORT], and nothing more');
}

/** Whether a token would travel in the open. */
export const isOpen = (origin: string): boolean => {
  const { protocol, hostname } = new URL(origin);
  return protocol === 'http:' && !LOOPBACK.test(hostname);
};

/** A token as it may stand in a header. Errors: Failure, without a word of it. */
export function parseToken(text: string): string {
  const token = text.trim();
  if (/^[\x21-\x7e]{1,4096}$/.test(token)) return token;
  throw new Failure('usage', token === '' ? 'No token was given' : 'That is no token: it has spaces or odd characters');
}
