import type { NumberedList, NumberedPage } from '#registry';
import { type Query, single } from '../http/gateway-request.js';

/** One page as GitHub's clients ask for it. */
export interface RestPage {
  page: number;
  perPage: number;
  /** Berth's own, in `next` links: the key that the page begins behind. */
  after: string | undefined;
}

const DEFAULT_PER_PAGE = 30;
const MAX_PER_PAGE = 100;
/** What GitHub's clients read as whole numbers of 32 bits. */
const MAX = 2 ** 31 - 1;
const KEY = /^[0-9a-z._/-]{1,255}$/;

/** Reads `page`, `per_page` and `after`. What makes no sense counts as its default, more than 100 as 100, as on GitHub. */
export function parsePage(query: Query): RestPage {
  const after = single(query.after) ?? '';
  return {
    page: positive(query.page) ?? 1,
    perPage: Math.min(positive(query.per_page) ?? DEFAULT_PER_PAGE, MAX_PER_PAGE),
    after: KEY.test(after) ? after : undefined,
  };
}

function positive(value: string | string[] | undefined): number | undefined {
  const text = single(value) ?? '';
  return /^[0-9]{1,10}$/.test(text) && Number(text) > 0 ? Math.min(Number(text), MAX) : undefined;
}

/** The same for a port. */
export const numbered = ({ page, perPage, after }: RestPage): NumberedPage => ({
  limit: perPage,
  offset: (page - 1) * perPage,
  after,
});

/**
 * The `Link` header of a page (RFC 8288), undefined for a list of one page. Clean-up tools follow `next`, or count pages by
 * `last`; all parameters of the request stay. `page` comes last: tools look for it right before the bracket.
 */
export function pageLinks(
  url: string,
  { page, perPage }: RestPage,
  { total, next }: Pick<NumberedList<unknown>, 'total' | 'next'>,
): string | undefined {
  // Versions that a tool deletes on its way make the list shorter, not the way.
  const last = Math.max(1, Math.ceil(total / perPage), next === undefined ? 1 : page + 1);
  const to = (target: number, after?: string): string => {
    const link = new URL(url);
    for (const name of ['page', 'after']) link.searchParams.delete(name);
    link.searchParams.set('per_page', String(perPage));
    if (after !== undefined) link.searchParams.set('after', after);
    link.searchParams.set('page', String(target));
    return link.href;
  };
  const links: Array<[string, string]> = [];
  if (page > 1) links.push(['prev', to(Math.min(page - 1, last))]);
  if (next !== undefined) links.push(['next', to(page + 1, next)], ['last', to(last)]);
  if (page > 1) links.push(['first', to(1)]);
  return links.map(([rel, href]) => `<${href}>; rel="${rel}"`).join(', ') || undefined;
}
