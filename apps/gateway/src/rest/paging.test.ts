import { describe, expect, it } from 'vitest';
import { pageLinks, parsePage } from './paging.js';

describe('parsePage', () => {
  it.each([
    [{}, { page: 1, perPage: 30, after: undefined }],
    [
      { page: '3', per_page: '100', after: 'acme/app' },
      { page: 3, perPage: 100, after: 'acme/app' },
    ],
    [{ per_page: '500' }, { page: 1, perPage: 100, after: undefined }],
    [
      { per_page: '0', page: '0' },
      { page: 1, perPage: 30, after: undefined },
    ],
    [
      { per_page: '-1', page: 'x', after: 'A B' },
      { page: 1, perPage: 30, after: undefined },
    ],
    [
      { page: ['2', '3'], per_page: '99999999999999' },
      { page: 2, perPage: 30, after: undefined },
    ],
    [{ page: '9999999999' }, { page: 2 ** 31 - 1, perPage: 30, after: undefined }],
  ])('reads %j', (query, page) => {
    expect(parsePage(query)).toEqual(page);
  });
});

describe('pageLinks', () => {
  const url = 'https://r.example/api/v3/orgs/acme/packages/container/a%2Fb/versions?state=active&page=2&after=9';
  const relations = (header: string | undefined) =>
    Object.fromEntries([...(header ?? '').matchAll(/<([^>]+)>; rel="([a-z]+)"/g)].map(([, href, rel]) => [rel, href]));

  it('leads from a page in the middle to all others, with the parameters of the request', () => {
    const base = 'https://r.example/api/v3/orgs/acme/packages/container/a%2Fb/versions?state=active&per_page=100';
    expect(relations(pageLinks(url, { page: 2, perPage: 100, after: undefined }, { total: 230, next: '55' }))).toEqual({
      prev: `${base}&page=1`,
      next: `${base}&after=55&page=3`,
      last: `${base}&page=3`,
      first: `${base}&page=1`,
    });
  });

  it('names no way on from the last page, and none at all where there is one page', () => {
    const last = pageLinks(url, { page: 3, perPage: 100, after: undefined }, { total: 230, next: undefined });
    expect(Object.keys(relations(last))).toEqual(['prev', 'first']);
    expect(
      pageLinks(url, { page: 1, perPage: 100, after: undefined }, { total: 100, next: undefined }),
    ).toBeUndefined();
    expect(pageLinks(url, { page: 1, perPage: 100, after: undefined }, { total: 0, next: undefined })).toBeUndefined();
  });

  it('leads on as long as something follows, though the list became shorter on the way', () => {
    const links = pageLinks(url, { page: 3, perPage: 2, after: '9' }, { total: 3, next: '8' });
    expect(Object.keys(relations(links))).toContain('next');
  });

  it('leads back from behind the end', () => {
    const beyond = pageLinks(url, { page: 9, perPage: 100, after: undefined }, { total: 230, next: undefined });
    expect(relations(beyond).prev).toMatch(/page=3$/);
  });
});
