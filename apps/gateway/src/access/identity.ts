import type { Actor } from '#registry';

const MAX_IDENTITY = 255;

/**
 * Who somebody is to a package's admins: the login of a user, `workflow SUBJECT` (no login has a space in it), or `anonymous`.
 */
export function identityOf({ principal, login }: Actor): string {
  return `${principal.startsWith('workflow:') ? 'workflow ' : ''}${login}`.slice(0, MAX_IDENTITY);
}
