// What previews of retention say, of a package and of all that a namespace's policy counts for: page by page, and in bytes.
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { startBerth, type TestBerth } from '../support/berth.js';
import {
  type Accounts,
  collectGarbage,
  createAccounts,
  createToken,
  type Document,
  descriptor,
  E,
  encode,
  image,
  index,
  operator,
  randomBlob,
  sha256,
} from '../support/client.js';
import { rest } from '../support/rest.js';

interface Judged {
  package?: string;
  name: string;
  decision: string;
  reasons: string[];
}

interface Preview {
  from: string;
  tags: Judged[];
  freed: { within: string; exclusive_bytes: number; shared_bytes: number };
  next: string | null;
}

let berth: TestBerth;
let accounts: Accounts;
let owner: string;
let org: string;
let count = 0;

beforeAll(async () => {
  berth = await startBerth({ BERTH_UNTAGGED_AFTER: 'never' });
  accounts = await createAccounts(berth);
  owner = (await createToken(berth, 'pusher', ['read:packages', 'write:packages', 'delete:packages', 'admin:org']))
    .token;
});

afterAll(async () => {
  expect(berth.log()).not.toContain('request failed');
  await berth.stop();
});

beforeEach(async () => {
  org = `org${++count}`;
  expect((await operator(berth, 'POST', '/orgs', { login: org })).status).toBe(201);
  expect((await operator(berth, 'PUT', `/orgs/${org}/members/pusher`, { role: 'owner' })).status).toBeLessThan(300);
});

let number = 1000;
/** An image unlike all others, with these layers. */
const numbered = (layers: Buffer[], more: Record<string, unknown> = {}) =>
  image(layers, { annotations: { number: String(++number) }, ...more });

async function push(name: string, document: Document, tags: string[], blobs: Buffer[] = []): Promise<number> {
  for (const blob of [E, ...blobs]) await accounts.pusher.up(`${org}/${name}`, blob);
  const digest = sha256(encode(document));
  const query = tags.length > 0 ? `?${tags.map((tag) => `tag=${tag}`).join('&')}` : '';
  expect((await accounts.pusher.put(`${org}/${name}`, digest + query, document)).status).toBe(201);
  return encode(document).length;
}

const call = (method: string, path: string, body?: unknown, token = owner) =>
  rest(berth, token, `/orgs/${org}${path}`, { method, body });

/** All pages, of so many tags each, put together: what was judged, and the bytes added up. */
async function pages(ask: (query: string) => Promise<{ status: number; body: unknown }>, perPage: number, query = '') {
  const tags: string[] = [];
  const freed = { exclusive: 0, shared: 0 };
  let within = '';
  let asked = 0;
  for (let after = ''; ; ) {
    const answer = await ask(`?per_page=${perPage}${query}${after}`);
    expect(answer.status, JSON.stringify(answer.body)).toBe(200);
    const body = answer.body as Preview;
    expect(body.tags.length).toBeLessThanOrEqual(perPage);
    tags.push(...body.tags.map((tag) => [tag.package, tag.name, tag.decision].filter(Boolean).join(' ')));
    freed.exclusive += body.freed.exclusive_bytes;
    freed.shared += body.freed.shared_bytes;
    within = body.freed.within;
    expect(++asked).toBeLessThan(100);
    if (body.next === null) return { tags, freed, within, asked };
    after = `&after=${encodeURIComponent(body.next)}`;
  }
}

const KEEP_NONE = { keep: [{ tags: 'nothing-like-it' }] };
const preview =
  (name: string, policy: unknown, token = owner) =>
  (query: string) =>
    call('POST', `/packages/container/${name}/retention/preview${query}`, policy, token);

it('goes on by what the page before had counted, whatever the size of pages', async () => {
  // Versions whose tags lie far apart, on both sides of where the rules have their number.
  for (const [i, tags] of [
    ['v1', 'old-a'],
    ['v2', 'old-b'],
    ['v3', 'a'],
    ['v4', 'b'],
    ['v5', 'c', 'latest'],
  ].entries()) {
    await push('app', numbered([]), tags);
    await berth.sql(
      `UPDATE tags SET pushed_at = now() - make_interval(days => $1 + (CASE WHEN name LIKE 'v%' THEN 0 ELSE 20 END))
       WHERE name = ANY($2) AND package_id = (SELECT package_id FROM package_names WHERE full_name = $3)`,
      [10 - i, tags, `${org}/app`],
    );
  }
  for (const policy of [
    { keep: [{ newest: 2 }, { tags: '.*[a-c]', newest: 1 }] },
    { keep: [{ tags: 'v.*', newest: 3 }, { tags: 'old-.*', newest: 1 }, { pushed_within: '7d' }] },
    { tags: 'v.*|old.*', keep: [{ newest: 1 }, { tags: 'old-a', newest: 9 }] },
  ]) {
    const whole = await pages(preview('app', policy), 1000);
    expect(whole.asked).toBe(1);
    expect(new Set(whole.tags.map((tag) => tag.split(' ')[1])).size, 'some stay, some go').toBe(2);
    for (const perPage of [1, 3]) {
      const paged = await pages(preview('app', policy), perPage);
      expect(paged.tags).toEqual(whole.tags);
      expect(paged.asked).toBeLessThanOrEqual(Math.ceil(whole.tags.length / perPage));
      for (const only of ['kept', 'removed'] as const) {
        const some = await pages(preview('app', policy), perPage, `&only=${only}`);
        expect(some.tags).toEqual(whole.tags.filter((tag) => tag.endsWith(only === 'kept' ? 'keep' : 'remove')));
      }
    }
  }
});

it('does not go on by another policy than it began with', async () => {
  for (const tag of ['a', 'b']) await push('app', numbered([]), [tag]);
  const at = '/packages/container/app/retention';
  await call('PUT', at, { keep: [{ newest: 1 }] });
  const { next } = (await call('GET', `${at}/preview?per_page=1`)).body;
  expect((await call('GET', `${at}/preview?after=${next}`)).body.tags).toMatchObject([
    { name: 'a', decision: 'remove' },
  ]);
  await call('PUT', at, { keep: [{ newest: 2 }] });
  const changed = await call('GET', `${at}/preview?after=${next}`);
  expect([changed.status, changed.body.message]).toEqual([409, expect.stringContaining('begin again')]);
  expect((await operator(berth, 'GET', `/packages/${org}/app/retention/preview?after=${next}`)).status).toBe(409);
  await push('other', numbered([]), ['x']);
  const other = await call('POST', `/packages/container/other/retention/preview?after=${next}`, KEEP_NONE);
  expect(other.body.tags, 'of another package: the beginning').toMatchObject([{ name: 'x' }]);
});

it('says what goes with the tags of a page, together', async () => {
  const [base, one, two] = [randomBlob(5000), randomBlob(300), randomBlob(200)];
  const manifests =
    (await push('app', numbered([base, one]), ['1', '1.0'], [base, one])) +
    (await push('app', numbered([base, two]), ['2'], [base, two]));
  const all = E.length + base.length + one.length + two.length + manifests;
  const whole = await pages(preview('app', KEEP_NONE), 1000);
  expect(whole).toMatchObject({ within: 'package', freed: { exclusive: all, shared: 0 } });
  const kept = await pages(preview('app', { keep: [{ tags: '1' }] }), 1000);
  expect(kept.freed, 'a version with a tag that stays does not go').toEqual({
    exclusive: two.length + encode(numbered([base, two])).length,
    shared: base.length + E.length,
  });
  const hidden = await pages(preview('app', KEEP_NONE), 1000, '&only=kept');
  expect(hidden, 'shown or not').toMatchObject({ tags: [], freed: whole.freed });

  // With the tags of one version on two pages, it goes on the one that has the last of them.
  await berth.sql(
    `UPDATE tags SET pushed_at = pushed_at + (CASE name WHEN '1' THEN interval '1 day' WHEN '2' THEN interval '1 hour' ELSE interval '0' END)
     WHERE package_id = (SELECT package_id FROM package_names WHERE full_name = $1)`,
    [`${org}/app`],
  );
  const freed: number[] = [];
  for (let after = ''; ; ) {
    const { body } = await preview('app', KEEP_NONE)(`?per_page=1${after}`);
    freed.push(body.freed.exclusive_bytes);
    if (body.next === null) break;
    after = `&after=${body.next}`;
  }
  const size = encode(numbered([base, one])).length;
  expect(freed).toEqual([0, two.length + size, one.length + size]);
  const held = await pages(preview('app', { keep: [{ tags: '1' }] }), 1);
  expect(held.freed.exclusive, 'a tag of the first page holds it').toBe(two.length + size);
});

it('says of indexes, signatures and protected tags what a run would say', async () => {
  const layers = [randomBlob(400), randomBlob(500), randomBlob(600)];
  const [first, second] = [numbered([layers[0] as Buffer]), numbered([layers[1] as Buffer])];
  const both = index([first, second]);
  const signature = numbered([layers[2] as Buffer], { subject: descriptor(both.mediaType, encode(both)) });
  await push('app', first, ['amd64'], layers);
  await push('app', second, []);
  await push('app', both, ['1.0']);
  await push('app', signature, ['signed']);
  const freedBy = async (policy: unknown) => {
    expect((await call('PUT', '/packages/container/app/retention', policy)).status).toBe(200);
    const { freed } = (await operator(berth, 'GET', `/packages/${org}/app/retention/preview`))
      .body as unknown as Preview;
    expect(freed.within).toBe('instance');
    return { exclusive: freed.exclusive_bytes, shared: freed.shared_bytes };
  };
  const sum = (...sizes: number[]) => sizes.reduce((bytes, size) => bytes + size, 0);
  const of = (...documents: Document[]) => sum(...documents.map((document) => encode(document).length));
  const everything = sum(...layers.map(({ length }) => length), of(first, second, both, signature));
  expect(await freedBy(KEEP_NONE), 'children and signatures go along').toEqual({
    exclusive: everything,
    shared: E.length,
  });
  expect(await freedBy({ keep: [{ tags: 'amd64' }] }), 'but for those with a tag that stays').toEqual({
    exclusive: everything - 400 - of(first),
    shared: E.length + 400 + of(first),
  });
  const stays = await freedBy({ tags: 'amd64|signed', keep: [{ tags: 'nothing-like-it' }] });
  expect(stays, 'what an index names stays, and a signature with what it signs').toEqual({
    exclusive: 0,
    shared: E.length + sum(400, 600) + of(first, signature),
  });
  const untouched = await freedBy({ keep: [{ tags: '.*' }] });
  expect(untouched).toEqual({ exclusive: 0, shared: 0 });
  const plain = await freedBy({ tags: '1.0', keep: [{ tags: 'nothing-like-it' }] });
  const dry = await collectGarbage(berth, { dry_run: true });
  expect(plain).toEqual((dry.counts.retention as unknown as { freed: unknown }).freed);
});

it('looks no further than its reader may', async () => {
  const [ours, shared] = [randomBlob(700), randomBlob(800)];
  const size = await push('app', numbered([ours, shared]), ['x'], [ours, shared]);
  const freed = async (query: string, token = owner) => (await preview('app', KEEP_NONE, token)(query)).body.freed;
  expect(await freed('')).toEqual({
    within: 'package',
    exclusive_bytes: E.length + 1500 + size,
    shared_bytes: 0,
  });
  await push('second', numbered([shared]), ['x'], [shared]);
  expect(await freed('?within=namespace')).toEqual({
    within: 'namespace',
    exclusive_bytes: 700 + size,
    shared_bytes: 800 + E.length,
  });
  const first = org;
  org = 'acme';
  await push(`${first}x`, numbered([ours]), ['x'], [ours]);
  org = first;
  expect((await freed('?within=namespace')).exclusive_bytes, 'not what others have').toBe(700 + size);
  const { body } = await operator(berth, 'POST', `/packages/${org}/app/retention/preview`, KEEP_NONE);
  expect(body.freed).toEqual({ within: 'instance', exclusive_bytes: size, shared_bytes: 1500 + E.length });
  expect((await preview('app', KEEP_NONE)('?within=instance')).status).toBe(400);
  const { token } = await createToken(berth, 'pusher', ['read:packages', 'write:packages', 'delete:packages']);
  const confined = await preview('app', KEEP_NONE, token)('?within=namespace');
  expect(confined.status, 'without the scope of owners').toBe(403);
});

it('previews the policy of a namespace over all packages that it counts for', async () => {
  const shared = randomBlob(3000);
  for (const name of ['a', 'b', 'own', 'deep/c']) {
    for (const tag of ['1', '2', '3']) await push(name, numbered([shared]), [tag], [shared]);
  }
  await push('gone', numbered([]), ['x']);
  expect((await call('DELETE', '/packages/container/gone')).status).toBe(204);
  await call('PUT', '/packages/container/own/retention', { keep: [{ newest: 1 }] });
  expect((await call('GET', '/retention/preview')).status).toBe(404);

  const policy = { tags: null, keep: [{ newest: 1 }, { tags: '2' }] };
  const expected = ['a', 'b', 'deep/c'].flatMap((name) =>
    ['3 keep', '2 keep', '1 remove'].map((tag) => `${org}/${name} ${tag}`),
  );
  await call('PUT', '/retention', policy);
  const manifest = encode(numbered([shared])).length;
  const whole = await call('GET', '/retention/preview');
  expect(whole.body).toMatchObject({ from: 'namespace', policy, next: null });
  const each = { exclusive: 3 * manifest, shared: shared.length + E.length };
  for (const perPage of [1, 2, 4, 100]) {
    const paged = await pages((query) => call('GET', `/retention/preview${query}`), perPage);
    expect(paged).toMatchObject({ tags: expected, within: 'namespace' });
    expect(paged.freed.exclusive).toBe(each.exclusive);
    if (perPage >= 9) expect(paged.freed).toEqual(each);
    const removed = await pages((query) => call('GET', `/retention/preview${query}`), perPage, '&only=removed');
    expect(removed.tags).toEqual(expected.filter((tag) => tag.endsWith('remove')));
  }
  const all = await call('POST', '/retention/preview', KEEP_NONE);
  expect(all.body).toMatchObject({ from: 'asked', freed: { exclusive_bytes: 9 * manifest } });
  await call('DELETE', '/packages/container/own');
  expect((await call('POST', '/retention/preview', KEEP_NONE)).body.freed, 'restorable ones hold it').toEqual({
    within: 'namespace',
    exclusive_bytes: 9 * manifest,
    shared_bytes: shared.length + E.length,
  });
  await berth.sql('UPDATE packages SET purge_at = now() WHERE deleted_name LIKE $1', [`${org}/%`]);
  expect(
    (await call('POST', '/retention/preview', KEEP_NONE)).body.freed,
    'once, though three packages have it',
  ).toEqual({
    within: 'namespace',
    exclusive_bytes: 9 * manifest + shared.length + E.length,
    shared_bytes: 0,
  });
  const byOperator = await operator(berth, 'POST', `/namespaces/${org}/retention/preview?per_page=1000`, KEEP_NONE);
  expect(byOperator.body).toMatchObject({
    from: 'asked',
    freed: { within: 'instance', exclusive_bytes: 9 * manifest + shared.length, shared_bytes: E.length },
  });

  // The policy changes between two pages; a package goes that the next one would begin in.
  const { next } = (await call('GET', '/retention/preview?per_page=2')).body;
  await call('DELETE', '/packages/container/a');
  const later = await call('GET', `/retention/preview?after=${next}`);
  expect(later.body.tags.map((tag: Judged) => tag.package)).toEqual([
    ...Array(3).fill(`${org}/b`),
    ...Array(3).fill(`${org}/deep/c`),
  ]);
  await call('PUT', '/retention', KEEP_NONE);
  expect((await call('GET', `/retention/preview?after=${next}`)).status).toBe(409);
});

it('answers those who may change the policy of a namespace, and operators', async () => {
  await push('app', numbered([]), ['x']);
  const at = '/retention/preview';
  const stranger = await call('POST', at, KEEP_NONE, accounts.stranger.token);
  expect(stranger.status).toBe((await call('GET', '/retention', undefined, accounts.stranger.token)).status);
  expect(JSON.stringify(stranger.body)).not.toContain('tags');
  const { token: reader } = await createToken(berth, 'pusher', ['read:packages', 'delete:packages']);
  expect((await call('POST', at, KEEP_NONE, reader)).status).toBe(403);
  const { token: governor } = await createToken(berth, 'pusher', ['read:packages', 'admin:org']);
  expect((await call('POST', at, KEEP_NONE, governor)).body.tags, 'nothing is deleted').toMatchObject([
    { package: `${org}/app`, name: 'x', decision: 'remove' },
  ]);
  expect((await call('POST', at, { keep: [] })).status).toBe(400);

  const own = (login: string, token = owner) =>
    rest(berth, token, `/users/${login}/retention/preview`, { method: 'POST', body: KEEP_NONE });
  expect((await own('pusher')).body).toMatchObject({ tags: [], freed: { within: 'namespace' }, next: null });
  expect((await own('pusher', accounts.stranger.token)).status).toBeGreaterThanOrEqual(403);

  const ask = (path: string, body?: unknown) => operator(berth, body ? 'POST' : 'GET', path, body);
  expect((await ask(`/namespaces/${org.toUpperCase()}/retention/preview`, KEEP_NONE)).body).toMatchObject({
    from: 'asked',
    tags: [{ package: `${org}/app` }],
  });
  expect((await ask(`/namespaces/${org}/retention/preview`)).status, 'it has none').toBe(404);
  expect((await ask('/namespaces/none/retention/preview', KEEP_NONE)).status).toBe(404);
  expect((await ask('/namespaces/-/retention/preview', KEEP_NONE)).status).toBe(404);
  expect((await ask(`/namespaces/${org}/retention/preview`, { keep: [] })).status).toBe(400);
});
