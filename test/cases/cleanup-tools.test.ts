// The three most used clean-up tools for GHCR, by the logic that the cases describe (C18, C32, C46), against a running Berth.
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { startBerth, type TestBerth } from '../support/berth.js';
import { type Accounts, createAccounts, createToken, encode, index, sha256 } from '../support/client.js';

interface Version {
  id: number;
  name: string;
  created_at: string;
  metadata: { container: { tags: string[] } };
}

let berth: TestBerth;
let accounts: Accounts;
let api: string;

beforeAll(async () => {
  berth = await startBerth();
  accounts = await createAccounts(berth);
  api = `${berth.url}/api/v3`;
});

afterAll(async () => {
  expect(berth.log()).not.toContain('request failed');
  await berth.stop();
});

/** Fresh for each tool: two tagged multi-platform images, and what older pushes left untagged. */
let name: string;
let tagged: string[];
let leftover: string[];
let counter = 0;

beforeEach(async () => {
  const { pusher } = accounts;
  name = `tool${counter++}`;
  [tagged, leftover] = [[], []];
  const push = async (tag: string) => {
    const children = [await pusher.push(`acme/${name}`, 'digest'), await pusher.push(`acme/${name}`, 'digest')];
    const whole = index(children);
    expect((await pusher.put(`acme/${name}`, tag, whole)).status).toBe(201);
    return [whole, ...children].map((manifest) => sha256(encode(manifest)));
  };
  leftover = await push('1'); // its tag moves on
  tagged = [...(await push('1')), ...(await push('2'))];
});

const headers = () => ({ authorization: `Bearer ${accounts.pusher.token}` });
const versionsPath = () => `${api}/orgs/acme/packages/container/${name}/versions`;
const remove = async (id: number) =>
  (await fetch(`${versionsPath()}/${id}`, { method: 'DELETE', headers: headers() })).status;

const statusesOf = async (digests: string[]) => {
  const answers = digests.map((digest) => accounts.pusher.v2(`/v2/acme/${name}/manifests/${digest}`));
  return (await Promise.all(answers)).map(({ status }) => status);
};

it('container-retention-policy: asks for its scopes, follows next, deletes whatever is untagged', async () => {
  const limits = await fetch(`${api}/rate_limit`, { headers: headers() });
  expect((limits.headers.get('x-oauth-scopes') ?? '').split(', ')).toContain('delete:packages');
  expect(((await limits.json()) as { rate: { remaining: number } }).rate.remaining).toBeGreaterThan(1000);
  const reader = (await createToken(berth, 'pusher', ['read:packages'])).token;
  const tooLittle = await fetch(`${api}/rate_limit`, { headers: { authorization: `Bearer ${reader}` } });
  expect(tooLittle.headers.get('x-oauth-scopes')).not.toContain('delete:packages'); // here the tool stops

  const versions: Version[] = [];
  for (let next: string | undefined = `${versionsPath()}?per_page=2`; next; ) {
    const answer: Response = await fetch(next, { headers: headers() });
    for (const header of ['x-ratelimit-remaining', 'x-ratelimit-reset'])
      expect(answer.headers.get(header)).toMatch(/^\d+$/);
    versions.push(...((await answer.json()) as Version[]));
    next = /<([^>]+)>; rel="next"/.exec(answer.headers.get('link') ?? '')?.[1];
  }
  expect(versions).toHaveLength(9);
  const statuses = [];
  for (const { id, metadata } of versions) if (metadata.container.tags.length === 0) statuses.push(await remove(id));
  expect(statuses.filter((status) => status !== 204 && status !== 409)).toEqual([]);
  expect(await statusesOf(tagged)).toEqual(Array(6).fill(200));
  expect((await statusesOf(leftover))[0]).toBe(404);
});

it('delete-package-versions: reads pages until one is short, keeps the newest, deletes the untagged rest', async () => {
  const versions: Version[] = [];
  for (let page = 1; ; page++) {
    const answer = await fetch(`${versionsPath()}?per_page=4&page=${page}`, { headers: headers() });
    const items = (await answer.json()) as Version[];
    versions.push(...items);
    if (items.length < 4) break;
  }
  expect(new Set(versions.map(({ id }) => id)).size).toBe(9);
  const byAge = [...versions].sort((a, b) => Date.parse(a.created_at) - Date.parse(b.created_at) || a.id - b.id);
  const old = byAge.slice(0, -2).filter(({ metadata }) => metadata.container.tags.length === 0);
  const statuses = await Promise.all(old.map(({ id }) => remove(id))); // at once, as it does
  expect(statuses.filter((status) => status !== 204 && status !== 409)).toEqual([]);
  expect(await statusesOf(tagged)).toEqual(Array(6).fill(200));
});

it('ghcr-cleanup-action: counts pages by last, reads the indexes, deletes what none of the tagged needs', async () => {
  const first = await fetch(`${versionsPath()}?per_page=2`, { headers: headers() });
  const last = Number(/[?&]page=(\d+)[^>]*>; rel="last"/.exec(first.headers.get('link') ?? '')?.[1]);
  expect(last).toBe(5);
  const versions = (await first.json()) as Version[];
  for (let page = 2; page <= last; page++) {
    const answer = await fetch(`${versionsPath()}?per_page=2&page=${page}`, { headers: headers() });
    versions.push(...((await answer.json()) as Version[]));
  }
  const needed = new Set<string>();
  for (const { name: digest, metadata } of versions) {
    if (metadata.container.tags.length === 0) continue;
    needed.add(digest);
    const answer = await accounts.pusher.v2(`/v2/acme/${name}/manifests/${digest}`);
    const manifest = (await answer.json()) as { manifests?: Array<{ digest: string }> };
    for (const child of manifest.manifests ?? []) needed.add(child.digest);
  }
  const unneeded = versions.filter((version) => !needed.has(version.name));
  expect(unneeded.map((version) => version.name).sort()).toEqual([...leftover].sort());
  // the indexes first, as it does, then their children
  const statuses = [];
  for (const digest of leftover)
    statuses.push(await remove(unneeded.find((version) => version.name === digest)?.id ?? 0));
  expect(statuses).toEqual([204, 204, 204]);
  expect(await statusesOf(tagged)).toEqual(Array(6).fill(200));
  expect(await statusesOf(leftover)).toEqual([404, 404, 404]);
});
