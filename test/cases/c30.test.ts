// C30: the order of tags in pages.
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startBerth, type TestBerth } from '../support/berth.js';
import { type Accounts, createAccounts, E, image } from '../support/client.js';

const TAGS = ['V1', 'v1', 'v1-a', 'v1.0', 'v1_0', 'v10', 'V2', '_x', '1.0', '1-0', 'A', 'a', 'Z', 'b'];
const LIST = '/v2/acme/app/tags/list';
/** Byte order. */
const ORDERED = [...TAGS].sort();

let berth: TestBerth;
let accounts: Accounts;

beforeAll(async () => {
  berth = await startBerth();
  accounts = await createAccounts(berth);
  await accounts.pusher.up('acme/app', E);
  for (const tag of TAGS) await accounts.pusher.put('acme/app', tag, image([]));
});

afterAll(async () => {
  await berth.stop();
});

async function page(path: string): Promise<{ tags: string[]; next: string | undefined }> {
  const answer = await accounts.pusher.v2(path);
  expect(answer.status).toBe(200);
  const { tags } = (await answer.json()) as { tags: string[] };
  return { tags, next: /^<(\/[^>]+)>; rel="next"$/.exec(answer.headers.get('link') ?? '')?.[1] };
}

it('lists them in one order', async () => {
  expect((await page(LIST)).tags).toEqual(ORDERED);
});

it.each([1, 2, 3, 13, 14, 15])('walks by Link, %d at a time', async (n) => {
  const seen: string[] = [];
  for (let path: string | undefined = `${LIST}?n=${n}`; path; ) {
    const { tags, next } = await page(path);
    expect(tags.length).toBeGreaterThan(0);
    expect(tags.length).toBeLessThanOrEqual(n);
    seen.push(...tags);
    path = next;
  }
  expect(seen).toEqual(ORDERED);
});

it.each([1, 2, 3])('walks by last, %d at a time', async (n) => {
  const seen: string[] = [];
  for (;;) {
    const last = seen.at(-1);
    const { tags } = await page(`${LIST}?n=${n}${last === undefined ? '' : `&last=${last}`}`);
    if (tags.length === 0) break;
    seen.push(...tags);
  }
  expect(seen).toEqual(ORDERED);
});

it.each(['v1.5', 'v', 'zzz', '!', 'V1'])('goes on behind %s, be it a tag or not', async (last) => {
  expect((await page(`${LIST}?last=${last}`)).tags).toEqual(ORDERED.filter((tag) => tag > last));
});
