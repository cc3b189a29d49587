import { Failure } from './failure.js';

/** `acme/team/app` is `team/app` of `acme`. Errors: Failure. */
export function packageOf(text: string): { owner: string; name: string } {
  const slash = text.indexOf('/');
  if (slash <= 0 || slash === text.length - 1) throw new Failure('usage', 'The package must be OWNER/NAME');
  return { owner: text.slice(0, slash), name: text.slice(slash + 1) };
}
