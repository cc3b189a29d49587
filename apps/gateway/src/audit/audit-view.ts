import type { AuditEntry, AuditQuery } from '#auth';
import type { AuditEntryAnswer } from '#contracts';
import { type Query, single } from '../http/gateway-request.js';
import { restTime } from '../rest/rest-time.js';

const DEFAULT_LIMIT = 30;
const MAX_LIMIT = 100;
const MAX_TEXT = 500;
const TIME = /^\d{4}-\d\d-\d\d(?:T\d\d:\d\d(?::\d\d(?:\.\d+)?)?Z)?$/;

/** What each filter means, for documents. */
export const AUDIT_FILTERS = {
  actor: 'Login of a user, or subject of a workflow',
  action: 'An action, or what several begin with: `package.`',
  target: 'What it was done to: a login, an organisation, OWNER/NAME of a package',
  since: 'From this time on, as 2027-01-31 or 2027-01-31T12:00:00Z',
  until: 'Before this time',
  before: 'The id that the page begins before',
  per_page: 'Entries on a page, 30 unless said, 100 at most',
};

/** Reads the filters; what makes no sense counts as not given. */
export function auditQueryOf(query: Query, namespaceId: number | undefined): AuditQuery {
  const text = (name: string) => {
    const value = single(query[name]);
    return value && value.length <= MAX_TEXT && !value.includes('\0') ? value : undefined;
  };
  const time = (name: string) => {
    const value = text(name) ?? '';
    const at = TIME.test(value) ? new Date(value) : undefined;
    return at && !Number.isNaN(at.getTime()) ? at : undefined;
  };
  const before = text('before') ?? '';
  const limit = /^[1-9][0-9]{0,5}$/.test(text('per_page') ?? '') ? Number(text('per_page')) : DEFAULT_LIMIT;
  return {
    namespaceId,
    actor: text('actor'),
    action: text('action'),
    target: text('target'),
    since: time('since'),
    until: time('until'),
    before: /^[0-9]{1,18}$/.test(before) ? BigInt(before) : undefined,
    limit: Math.min(limit, MAX_LIMIT),
  };
}

export const auditView = (entry: AuditEntry): AuditEntryAnswer => ({
  id: String(entry.id),
  at: restTime(entry.at),
  actor: entry.actor,
  actor_id: entry.userId ?? null,
  token_id: entry.tokenId ?? null,
  action: entry.action,
  target: entry.target,
  address: entry.address ?? null,
  result: entry.result,
  data: entry.data,
});

/** The `Link` to what was before; all filters stay. */
export function olderLink(url: string, next: bigint): string {
  const link = new URL(url);
  link.searchParams.set('before', String(next));
  return `<${link.href}>; rel="next"`;
}
