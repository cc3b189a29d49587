import { fail } from './errors/registry-error.js';

/** The scope that holds manifests, blobs and tags: `owner/name`, where the name may hold further slashes. */
export type RepositoryName = string & { readonly __brand: 'RepositoryName' };

// Distribution-spec, "Pulling manifests". Separators and letters share no character, so matching takes linear time.
const COMPONENT = '[a-z0-9]+(?:(?:\\.|_|__|-+)[a-z0-9]+)*';
const PATTERN = new RegExp(`^${COMPONENT}(?:/${COMPONENT})*$`);
const COMPONENT_PATTERN = new RegExp(`^${COMPONENT}$`);

/** Clients cap host and name together at 255 characters; so does the specification's note. */
const MAX_LENGTH = 255;

export function isRepositoryName(text: string): text is RepositoryName {
  return text.length <= MAX_LENGTH && PATTERN.test(text);
}

/** Whether an account of this (lower-case) name can own repositories: it is their first component. */
export function isNameComponent(text: string): boolean {
  return text.length <= MAX_LENGTH && COMPONENT_PATTERN.test(text);
}

/** Errors: NAME_INVALID. */
export function parseRepositoryName(text: string): RepositoryName {
  return isRepositoryName(text)
    ? text
    : fail('NAME_INVALID', {
        name: text.slice(0, MAX_LENGTH),
        expected:
          'lower-case letters, digits and single separators (. _ __ -), components parted by /, 255 characters at most',
      });
}

/** `acme/app/sub` -> owner `acme`, package `app/sub`; a name of one component has no package. */
export function splitRepositoryName(name: RepositoryName): { owner: string; packageName: string | undefined } {
  const slash = name.indexOf('/');
  return slash < 0
    ? { owner: name, packageName: undefined }
    : { owner: name.slice(0, slash), packageName: name.slice(slash + 1) };
}
