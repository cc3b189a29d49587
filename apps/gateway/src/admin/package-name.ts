import { isRepositoryName, type RepositoryName } from '#oci';
import { Problem } from './problem.js';

/** `OWNER` and `NAME` of a path, the name as one segment with its slashes as %2F. Errors: Problem 404 for what none is called. */
export function packageNameOf(owner: string, name: string): RepositoryName {
  const fullName = `${owner.toLowerCase()}/${name}`;
  if (isRepositoryName(fullName)) return fullName;
  throw noPackage();
}

export const noPackage = () => new Problem(404, 'No such package');
