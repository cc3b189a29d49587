import { isRepositoryName, type RepositoryName } from '#oci';
import type { Action } from './authorize.js';

/** One entry of a bearer token's `access` claim (Docker token specification). */
export interface AccessEntry {
  type: 'repository';
  name: RepositoryName;
  actions: RequestableAction[];
}

/** Actions that a client may ask a token for. */
export const REQUESTABLE_ACTIONS = ['pull', 'push', 'delete'] as const satisfies readonly Action[];
export type RequestableAction = (typeof REQUESTABLE_ACTIONS)[number];

/** More scopes than any client asks for in one request. */
const MAX_SCOPES = 100;

/**
 * Reads `repository:<name>:<action>,<action>`; several stand apart by spaces. What Berth does not know (other types,
 * names that cannot exist, wildcards) grants nothing and is left out, as the token protocol wants it.
 */
export function parseScopes(texts: readonly string[]): AccessEntry[] {
  const entries = new Map<RepositoryName, Set<RequestableAction>>();
  for (const text of texts.flatMap((value) => value.split(' ')).slice(0, MAX_SCOPES)) {
    const [type, name, actions, ...rest] = text.split(':');
    if (type !== 'repository' || rest.length > 0 || name === undefined || !isRepositoryName(name)) continue;
    const known = entries.get(name) ?? new Set();
    for (const action of (actions ?? '').split(',')) {
      const requestable = REQUESTABLE_ACTIONS.find((candidate) => candidate === action);
      if (requestable) known.add(requestable);
    }
    entries.set(name, known);
  }
  return [...entries].map(([name, actions]) => ({ type: 'repository', name, actions: [...actions] }));
}

/** The scope to put in a challenge: who pushes needs to pull as well, and clients ask for what they are told. */
export function scopeFor(name: RepositoryName, action: RequestableAction): string {
  return `repository:${name}:${action === 'pull' ? 'pull' : `pull,${action}`}`;
}
