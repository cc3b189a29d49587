// C32: paging as GitHub's tools read it.
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startBerth, type TestBerth } from '../support/berth.js';
import { type Accounts, createAccounts, E, image, randomBlob } from '../support/client.js';
import { rest } from '../support/rest.js';

let berth: TestBerth;
let accounts: Accounts;

beforeAll(async () => {
  berth = await startBerth();
  accounts = await createAccounts(berth);
});

afterAll(async () => {
  expect(berth.log()).not.toContain('request failed');
  await berth.stop();
});

const api = (path: string, method = 'GET', body?: unknown) =>
  rest(berth, accounts.pusher.token, path, { method, body });

const PATHS = ['/orgs/acme/packages/container/app/versions', '/users/acme/packages/container/app/versions'];
const COUNT = 230;

beforeAll(async () => {
  const { pusher } = accounts;
  const layer = randomBlob();
  for (const name of ['acme/app', 'pusher/app']) for (const blob of [E, layer]) await pusher.up(name, blob);
  await pusher.put('acme/app', 'first', image([layer]));
  await pusher.put('pusher/app', 'first', image([layer]));
  // The rest by SQL: 230 pushes say no more than one.
  await berth.sql(
    `INSERT INTO manifests (package_id, digest, media_type, class, bytes, size, pushed_at)
     SELECT p.id, 'sha256:' || lpad(to_hex(i), 64, '0'), 'application/vnd.oci.image.manifest.v1+json', 'other', '{}', 2,
       now() + (i / 3) * interval '1 second' FROM packages p, generate_series(1, $1) AS i`,
    [COUNT - 1],
  );
}, 120_000);

const links = (header: string | null): Record<string, URL> =>
  Object.fromEntries(
    [...(header ?? '').matchAll(/<([^>]+)>; rel="([a-z]+)"/g)].map(([, href = '', rel]) => [rel, new URL(href)]),
  );

it.each([...PATHS, '/user/packages/container/app/versions', '/users/pusher/packages/container/app/versions'])(
  '%s',
  async (path) => {
    const pages = [];
    for (const page of [1, 2, 3, 4]) pages.push(await api(`${path}?per_page=100&page=${page}`));
    expect(pages.map(({ status, body }) => [status, body.length])).toEqual([
      [200, 100],
      [200, 100],
      [200, 30],
      [200, 0],
    ]);
    const ids = pages.flatMap(({ body }) => body.map(({ id }: { id: number }) => id));
    expect(new Set(ids).size).toBe(COUNT);
    for (const id of ids) expect(Number.isInteger(id) && id < 2 ** 32).toBe(true);
    const times = pages.flatMap(({ body }) => body.map((version: { created_at: string }) => version.created_at));
    expect(times).toEqual([...times].sort().reverse()); // newest first
    for (const { metadata } of pages.flatMap(({ body }) => body))
      expect(Array.isArray(metadata.container.tags)).toBe(true);

    const first = links(pages[0]?.headers.get('link') ?? null);
    expect(Object.keys(first)).toEqual(['next', 'last']);
    for (const link of Object.values(first)) {
      expect(link.href.startsWith(`${berth.url}/api/v3${path}?`)).toBe(true);
      expect(link.searchParams.get('per_page')).toBe('100');
    }
    expect([first.next?.searchParams.get('page'), first.last?.searchParams.get('page')]).toEqual(['2', '3']);
    // a tool that reads the number right before the bracket
    expect(/[?&]page=(\d+)>; rel="last"/.exec(pages[0]?.headers.get('link') ?? '')?.[1]).toBe('3');
    expect(Object.keys(links(pages[2]?.headers.get('link') ?? null))).toEqual(['prev', 'first']);

    const followed: number[] = [];
    for (let next: string | undefined = `${berth.url}/api/v3${path}?per_page=100`; next; ) {
      const answer = await rest(berth, accounts.pusher.token, next.slice(`${berth.url}/api/v3`.length));
      followed.push(...answer.body.map(({ id }: { id: number }) => id));
      next = links(answer.headers.get('link')).next?.href;
    }
    expect(followed).toEqual(ids);
  },
);

it('takes more than 100 for 100, and nonsense for the default', async () => {
  const length = async (query: string) => (await api(`${PATHS[0]}?${query}`)).body.length;
  expect(await length('per_page=500')).toBe(100);
  for (const query of ['per_page=0', 'per_page=-1', 'per_page=x', '', 'page=0', 'page=x'])
    expect(await length(query)).toBe(30);
  expect(await length('page=9999999999')).toBe(0);
});
