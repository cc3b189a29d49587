import type { FastifyReply } from 'fastify';
import type { NumberedList, NumberedPage } from '#registry';
import type { ExternalOrigin } from '../../http/external-origin.js';
import { numbered, pageLinks, parsePage } from '../paging.js';
import type { RestRequest } from '../rest-request.js';

/** What the documents say of the parameters that `numberedPageOf` reads. */
export const NUMBERED_PAGE_QUERY = {
  page: 'Number of the page, from 1',
  per_page: '30 unless said, 100 at most',
};

/** The page that a request asks for. */
export const numberedPageOf = ({ query }: RestRequest): NumberedPage => numbered(parsePage(query));

/** Answers a page, with the `Link` header that leads to the others. */
export function sendPage<T>(
  request: RestRequest,
  reply: FastifyReply,
  origin: ExternalOrigin,
  list: NumberedList<T>,
  show: (item: T) => unknown,
): void {
  const links = pageLinks(origin.of(request) + request.url, parsePage(request.query), list);
  if (links) reply.header('link', links);
  reply.send(list.items.map(show));
}
