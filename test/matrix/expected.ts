// What the tables mean as statuses, surface by surface (design rules: docs/access.md, "How a refusal looks").
import type { TokenScope } from '#auth';
import { ADMITTED } from './gate.js';
import type { Column, Demand, Rights } from './tables.js';

const LETTER: Partial<Record<Demand, string>> = {
  pull: 'P',
  push: 'W',
  delete: 'D',
  'rest read': 'P',
  'rest push': 'W',
  'rest delete': 'D',
  'rest administer': 'A',
  'rest restore': 'A',
  'rest look': 'L',
  'rest govern': 'G',
};

/** Of these scopes REST wants one, before it looks at anything else. */
const SCOPES: Partial<Record<Demand, TokenScope[]>> = {
  'rest list': ['read:packages', 'write:packages'],
  'rest read': ['read:packages', 'write:packages'],
  'rest push': ['write:packages'],
  'rest delete': ['delete:packages'],
  'rest administer': ['write:packages'],
  'rest restore': ['write:packages'],
  'rest look': ['read:packages', 'write:packages', 'admin:org', 'admin:registry'],
  'rest govern': ['admin:org', 'admin:registry'],
};

export interface Cell {
  demand: Demand;
  rights: Rights;
  scopes: TokenScope[];
  column: Column;
  /** The path names nobody's packages but the caller's own, of which there are none. */
  isOwn: boolean;
}

export function expectedStatus(cell: Cell): number {
  const { demand } = cell;
  if (demand === 'open') return ADMITTED;
  if (demand === 'sign-on') return 401;
  if (demand === 'operator') return onOperatorApi(cell);
  return demand.startsWith('rest') ? onRest(cell) : onV2(cell);
}

function onV2({ demand, rights, column }: Cell): number {
  const isAnonymous = rights.caller === 'anonymous';
  if (rights.isGone) return 401;
  if (demand === 'known') return isAnonymous ? 401 : ADMITTED;
  if (rights.on[column].includes(LETTER[demand] ?? '?')) {
    const isPublicPull = demand === 'pull' && column === 'public';
    return rights.caller.endsWith('lists nothing') && !isPublicPull ? 401 : ADMITTED;
  }
  return isAnonymous ? 401 : demand === 'pull' ? 404 : 403;
}

/** Only personal access tokens open REST and the operator API: a bearer token of /v2 is a bad one there. */
const hasToken = ({ caller, isGone }: Rights) => caller !== 'anonymous' && !caller.startsWith('workflow') && !isGone;

function onRest({ demand, rights, scopes, column, isOwn }: Cell): number {
  if (demand === 'rest open' && rights.caller === 'anonymous') return ADMITTED;
  if (!hasToken(rights)) return 401;
  if (demand === 'rest open' || demand === 'rest known') return ADMITTED;
  if (!SCOPES[demand]?.some((scope) => scopes.includes(scope))) return 403;
  if (demand === 'rest list') return ADMITTED;
  const letter = LETTER[demand] ?? '?';
  if (demand === 'rest look' || demand === 'rest govern') {
    if (rights.organisation.includes(letter)) return ADMITTED;
    return rights.organisation.includes('L') ? 403 : 404;
  }
  if (isOwn) return 404;
  const on = rights.on[column];
  // only a name under which a package was deleted can be restored, by whom a free one is open to
  if (demand === 'rest restore') return column === 'absent' && on.includes(letter) ? ADMITTED : 404;
  if (column === 'absent') return 404;
  if (on.includes(letter)) return ADMITTED;
  return on.includes('P') ? 403 : 404;
}

function onOperatorApi({ rights, scopes }: Cell): number {
  if (!hasToken(rights)) return 401;
  return scopes.includes('admin:registry') && !rights.caller.includes('confined') ? ADMITTED : 403;
}
