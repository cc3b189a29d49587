import { parseSourceUrl } from '../source-url.js';

const SOURCE = 'org.opencontainers.image.source';
const BASE = 'org.opencontainers.image.base.';

/**
 * The source that an image says it comes from, in what its annotations and labels say; the first that says something
 * counts. One that stands under a key of the base image as well is the base image's, inherited with its labels: it does not
 * link. Undefined where nothing can be linked.
 */
export function sourceToLink(...saying: Array<Record<string, unknown> | undefined>): string | undefined {
  const text = saying.map((said) => said?.[SOURCE]).find((value) => typeof value === 'string' && value !== '');
  const url = typeof text === 'string' ? parseSourceUrl(text) : undefined;
  const ofBase = saying
    .flatMap((said) => Object.entries(said ?? {}))
    .some(([key, value]) => key.startsWith(BASE) && typeof value === 'string' && parseSourceUrl(value) === url);
  return ofBase ? undefined : url;
}

/** The base image that an image names: its repository, whatever the host, and its digest. */
export function baseImageOf(
  ...saying: Array<Record<string, unknown> | undefined>
): { name: string; digest: string } | undefined {
  const value = (key: string) => saying.map((said) => said?.[BASE + key]).find((text) => typeof text === 'string');
  const [name, digest] = [value('name'), value('digest')];
  if (typeof name !== 'string' || typeof digest !== 'string') return undefined;
  const [host = '', ...path] = (name.split('@', 1)[0] ?? '').split('/');
  const hasHost = path.length > 0 && /[.:]|^localhost$/.test(host);
  return { name: (hasHost ? path : [host, ...path]).join('/').replace(/:[^:/]*$/, ''), digest };
}
