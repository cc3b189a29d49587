// Races of clients, in small numbers (reliability.md 2.5: X1, X2, X6, X7, X11).
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startBerth, type TestBerth } from '../support/berth.js';
import {
  type Accounts,
  createAccounts,
  type Document,
  E,
  encode,
  image,
  randomBlob,
  sha256,
} from '../support/client.js';

let berth: TestBerth;
let accounts: Accounts;
/** One bearer token for all, so that the races are of the requests themselves. */
let authorization: string;

beforeAll(async () => {
  berth = await startBerth();
  accounts = await createAccounts(berth);
  for (const name of ['acme/app', 'acme/second']) await accounts.pusher.up(name, E);
  authorization = `Bearer ${await accounts.pusher.bearer('repository:acme/app:pull,push,delete', 'repository:acme/second:pull,push,delete')}`;
});

afterAll(async () => {
  expect(berth.log()).not.toContain('request failed');
  await berth.stop();
});

const send = (method: string, path: string, body?: Uint8Array, headers: Record<string, string> = {}) =>
  accounts.pusher.v2(path, { method, headers: { authorization, ...headers }, ...(body && { body }) });
const manifest = (reference: string) => `/v2/acme/app/manifests/${reference}`;
const put = (reference: string, document: Document) =>
  send('PUT', manifest(reference), encode(document), { 'content-type': document.mediaType });
const status = async (answer: Promise<Response>) => (await answer).status;
const start = async (name: string) => (await send('POST', `/v2/${name}/blobs/uploads/`)).headers.get('location') ?? '';
const times = (count: number) => Array.from({ length: count }, (_, i) => i);
const numbered = (what: string, i: number) => image([], { annotations: { [what]: String(i) } });

it('X1: 64 uploads of one blob into two repositories make one object', async () => {
  const bytes = randomBlob(100_000);
  const digest = sha256(bytes);
  const locations = await Promise.all(times(64).map((i) => start(i % 2 ? 'acme/app' : 'acme/second')));
  const answers = await Promise.all(
    locations.map((location) => status(send('PUT', `${location}?digest=${digest}`, bytes))),
  );
  expect(answers).toEqual(Array(64).fill(201));
  const [count] = await berth.sql(
    `SELECT (SELECT count(*)::int FROM blobs WHERE digest = $1) AS blobs,
      (SELECT count(*)::int FROM package_blobs WHERE digest = $1) AS links,
      (SELECT count(*)::int FROM object_deletions d JOIN blobs b ON b.object_key = d.object_key) AS doomed`,
    [digest],
  );
  expect(count).toEqual({ blobs: 1, links: 2, doomed: 0 });
  for (const name of ['acme/app', 'acme/second']) {
    expect((await accounts.pusher.blob(name, digest)).bytes.equals(bytes)).toBe(true);
  }
});

it('X1: uploads of one blob, finished and deleted by turns, are readable or gone', async () => {
  for (const i of times(50)) {
    const bytes = randomBlob(1000 + i);
    const digest = sha256(bytes);
    const path = `/v2/acme/app/blobs/${digest}`;
    const locations = await Promise.all(times(3).map(() => start('acme/app')));
    const [gone, ...made] = await Promise.all([
      status(send('DELETE', path)),
      ...locations.map((location) => status(send('PUT', `${location}?digest=${digest}`, bytes))),
    ]);
    expect([202, 404]).toContain(gone);
    expect(made).toEqual([201, 201, 201]);
    const answer = await send('GET', path);
    expect([200, 404]).toContain(answer.status);
    if (answer.status === 200) expect(Buffer.from(await answer.arrayBuffer()).equals(bytes)).toBe(true);
  }
});

it('X2: of two PATCHes at one place one goes on, and no byte of the other is in the blob', async () => {
  for (const _ of times(100)) {
    const location = await start('acme/app');
    const size = 20_000;
    const bodies = [randomBlob(size), randomBlob(size)];
    const answers = await Promise.all(
      bodies.map((body) => status(send('PATCH', location, body, { 'content-range': `0-${size - 1}` }))),
    );
    expect(answers.filter((code) => code === 202).length).toBeLessThanOrEqual(1);
    expect(answers.every((code) => [202, 416, 409].includes(code))).toBe(true);
    const range = (await send('GET', location)).headers.get('range');
    const winner = bodies[answers.indexOf(202)];
    if (!winner) {
      expect(range).toBe('0-0');
      continue;
    }
    expect(range).toBe(`0-${size - 1}`);
    expect(await status(send('PUT', `${location}?digest=${sha256(winner)}`))).toBe(201);
  }
});

it('X2: two PATCHes without a place never mix', async () => {
  for (const _ of times(50)) {
    const location = await start('acme/app');
    const answers = await Promise.all(
      times(2).map(async () => {
        const body = randomBlob(300_000);
        const answer = await send('PATCH', location, body);
        return { body, status: answer.status, end: Number(answer.headers.get('range')?.split('-')[1]) };
      }),
    );
    expect(answers.every((answer) => [202, 416, 409].includes(answer.status))).toBe(true);
    // Whoever heard 202 is in the blob, whole, where its answer's range ends.
    const taken = answers.filter((answer) => answer.status === 202).sort((one, other) => one.end - other.end);
    const whole = Buffer.concat(taken.map(({ body }) => body));
    expect(taken.length).toBeGreaterThan(0);
    expect(taken.at(-1)?.end).toBe(whole.length - 1);
    expect(await status(send('PUT', `${location}?digest=${sha256(whole)}`))).toBe(201);
  }
});

it('X6: PUT and PUT, PUT and DELETE of one tag: the tag is what one of them left', async () => {
  const [a, b] = [numbered('x6', 1), numbered('x6', 2)];
  for (const document of [a, b]) await put(sha256(encode(document)), document);
  const digests = [a, b].map((document) => sha256(encode(document)));
  for (const i of times(100)) {
    const tag = `x6-${i % 10}`;
    const isDelete = i % 3 === 0;
    const answers = await Promise.all([
      status(put(tag, a)),
      isDelete ? status(send('DELETE', manifest(tag))) : status(put(tag, b)),
      status(send('GET', manifest(tag))),
    ]);
    expect(answers[0]).toBe(201);
    expect(isDelete ? [202, 404] : [201]).toContain(answers[1]);
    expect([200, 404]).toContain(answers[2]);
    const now = await send('HEAD', manifest(tag));
    if (now.status === 200) expect(digests).toContain(now.headers.get('docker-content-digest'));
    else expect([now.status, isDelete]).toEqual([404, true]);
  }
  // The log tells one story: each entry of a tag goes on where the one before ended, and ends where the tag is now.
  const broken = await berth.sql(`
    SELECT 1 FROM (
      SELECT from_digest, lag(to_digest) OVER (PARTITION BY package_id, name ORDER BY id) AS previous,
        row_number() OVER (PARTITION BY package_id, name ORDER BY id) AS nth FROM tag_log WHERE name LIKE 'x6-%'
    ) AS log WHERE nth > 1 AND from_digest IS DISTINCT FROM previous`);
  expect(broken).toEqual([]);
  const ends = await berth.sql<{ name: string; logged: string | null; actual: string | null }>(`
    SELECT l.name, l.to_digest AS logged, m.digest AS actual FROM (
      SELECT DISTINCT ON (package_id, name) * FROM tag_log WHERE name LIKE 'x6-%' ORDER BY package_id, name, id DESC
    ) AS l LEFT JOIN tags t ON t.package_id = l.package_id AND t.name = l.name LEFT JOIN manifests m ON m.id = t.manifest_id`);
  expect(ends.map(({ logged }) => logged)).toEqual(ends.map(({ actual }) => actual));
}, 60_000);

it('X6: readers never see a tag go back', async () => {
  const documents = times(60).map((i) => numbered('register', i));
  const order = new Map(documents.map((document, i) => [sha256(encode(document)), i]));
  await put('register', documents[0] as Document);
  let acknowledged = 0;
  let isDone = false;
  const readers = times(4).map(async () => {
    let seen = 0;
    while (!isDone) {
      const least = acknowledged;
      const digest = (await send('HEAD', manifest('register'))).headers.get('docker-content-digest');
      const value = order.get(digest ?? '') ?? -1;
      expect(value).toBeGreaterThanOrEqual(Math.max(least, seen));
      seen = value;
    }
  });
  for (const [i, document] of documents.entries()) {
    expect(await status(put('register', document))).toBe(201);
    acknowledged = i;
  }
  isDone = true;
  await Promise.all(readers);
}, 60_000);

it('X7: DELETE of a manifest and PUT of a tag on it: the tag is gone or the manifest is there', async () => {
  for (const i of times(100)) {
    const document = numbered('x7', i);
    const digest = sha256(encode(document));
    await put(digest, document);
    const [deleted, tagged] = await Promise.all([
      status(send('DELETE', manifest(digest))),
      status(put(`x7-${i}`, document)),
    ]);
    expect([202, 404]).toContain(deleted);
    expect(tagged).toBe(201);
    const [byTag, byDigest] = [
      await status(send('GET', manifest(`x7-${i}`))),
      await status(send('GET', manifest(digest))),
    ];
    if (byTag === 200) expect(byDigest).toBe(200);
    else expect(byTag).toBe(404);
  }
  expect(
    await berth.sql(
      'SELECT 1 FROM tags t LEFT JOIN manifests m ON m.id = t.manifest_id WHERE m.deleted_at IS NOT NULL OR m.id IS NULL',
    ),
  ).toEqual([]);
}, 60_000);

it('X8: DELETE of a child and PUT of its index: both are there, or no index', async () => {
  for (const i of times(60)) {
    const child = numbered('x8', i);
    const digest = sha256(encode(child));
    await put(digest, child);
    const idx: Document = {
      schemaVersion: 2,
      mediaType: 'application/vnd.oci.image.index.v1+json',
      manifests: [{ mediaType: child.mediaType, digest, size: encode(child).length }],
    };
    const [deleted, pushed] = await Promise.all([
      status(send('DELETE', manifest(digest))),
      status(put(`x8-${i}`, idx)),
    ]);
    expect([
      [202, 400],
      [403, 201],
    ]).toContainEqual([deleted, pushed]);
    expect(await status(send('GET', manifest(digest)))).toBe(pushed === 201 ? 200 : 404);
  }
}, 60_000);

it('X11: the last two tags of a manifest deleted at once leave it marked for review, once', async () => {
  const documents = times(60).map((i) => numbered('x11', i));
  for (const [i, document] of documents.entries()) {
    await Promise.all([put(`x11-${i}-a`, document), put(`x11-${i}-b`, document)]);
    const both = await Promise.all(['a', 'b'].map((tag) => status(send('DELETE', manifest(`x11-${i}-${tag}`)))));
    expect(both).toEqual([202, 202]);
  }
  const digests = documents.map((document) => sha256(encode(document)));
  const [count] = await berth.sql<{ marked: number }>(
    `SELECT count(*)::int AS marked FROM manifests WHERE digest = ANY($1) AND review_at > now()`,
    [digests],
  );
  expect(count?.marked).toBe(digests.length);
}, 60_000);

it('DELETE of a blob and PUT of a manifest that names it: both are there, or neither', async () => {
  for (const _ of times(60)) {
    const layer = randomBlob();
    await accounts.pusher.up('acme/app', layer);
    const document = image([layer]);
    const digest = sha256(encode(document));
    const [deleted, pushed] = await Promise.all([
      status(send('DELETE', `/v2/acme/app/blobs/${sha256(layer)}`)),
      status(put(digest, document)),
    ]);
    expect([
      [202, 400],
      [403, 201],
    ]).toContainEqual([deleted, pushed]);
    expect(await status(send('HEAD', `/v2/acme/app/blobs/${sha256(layer)}`))).toBe(pushed === 201 ? 200 : 404);
  }
}, 60_000);
