/** What fits into an index entry. */
const MAX_LENGTH = 2000;

/**
 * The one form of a source's URL: http or https, lower case, without credentials, query, fragment, `.git` or slash at its
 * end. What forges take for one repository is one here. Undefined for what is no such URL.
 */
export function parseSourceUrl(text: string): string | undefined {
  if (text.length > MAX_LENGTH || !URL.canParse(text)) return undefined;
  const { protocol, host, pathname } = new URL(text);
  if (!/^https?:$/.test(protocol)) return undefined;
  const path = pathname
    .toLowerCase()
    .replace(/\/*$/, '')
    .replace(/\.git$/, '');
  const url = `${protocol}//${host}${path}`;
  return path === '' || Buffer.byteLength(url) > MAX_LENGTH ? undefined : url;
}
