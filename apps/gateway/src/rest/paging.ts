import { type Query, single } from '../http/gateway-request.js';

/** One page as GitHub's clients ask for it. `after` is Berth's own: the key behind which a page begins that follows another. */
export interface RestPage {
  page: number;
  perPage: number;
  after: number | undefined;
}

const DEFAULT_PER_PAGE = 30;
const MAX_PER_PAGE = 100;
/** What GitHub's clients read as whole numbers of 32 bits. */
const MAX = 2 ** 31 - 1;

/** Reads `page`, `per_page` and `after`. What makes no sense counts as its default, more than 100 as 100, as on GitHub. */
export function parsePage(query: Query): RestPage {
  return {
    page: positive(query.page) ?? 1,
    perPage: Math.min(positive(query.per_page) ?? DEFAULT_PER_PAGE, MAX_PER_PAGE),
    after: positive(query.after),
  };
}

function positive(value: string | string[] | undefined): number | undefined {
  const text = single(value) ?? '';
  return /^[0-9]{1,10}$/.test(text) && Number(text) > 0 ? Math.min(Number(text), MAX) : undefined;
}

interface Listing extends RestPage {
  total: number;
  /** Key of the page's last item. */
  lastKey: number | undefined;
}

/**
 * The `Link` header of a page (RFC 8288), undefined for a list of one page. Clean-up tools follow `next`, or count pages by
 * `last`; all parameters of the request stay. `page` comes last: tools look for it right before the bracket.
 */
export function pageLinks(url: string, listing: Listing): string | undefined {
  const { page, perPage, total, lastKey } = listing;
  const last = Math.max(1, Math.ceil(total / perPage));
  const to = (target: number, after?: number): string => {
    const link = new URL(url);
    for (const name of ['page', 'after']) link.searchParams.delete(name);
    link.searchParams.set('per_page', String(perPage));
    if (after !== undefined) link.searchParams.set('after', String(after));
    link.searchParams.set('page', String(target));
    return link.href;
  };
  const links: Array<[string, string]> = [];
  if (page > 1) links.push(['prev', to(Math.min(page - 1, last))]);
  if (page < last) links.push(['next', to(page + 1, lastKey)], ['last', to(last)]);
  if (page > 1) links.push(['first', to(1)]);
  return links.map(([rel, href]) => `<${href}>; rel="${rel}"`).join(', ') || undefined;
}
