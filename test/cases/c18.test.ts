// C18: "delete untagged" against a multi-platform image.
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startBerth, type TestBerth } from '../support/berth.js';
import {
  type Accounts,
  collectGarbage,
  createAccounts,
  E,
  encode,
  image,
  index,
  randomBlob,
  sha256,
} from '../support/client.js';
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

interface Version {
  id: number;
  name: string;
  metadata: { container: { tags: string[]; parents: string[] } };
}

const VERSIONS = '/orgs/acme/packages/container/app/versions';
const list = async (query = '') => (await api(VERSIONS + query)).body as Version[];

it('keeps what a tagged index needs, names the index, and lets go once the index is gone', async () => {
  const { pusher } = accounts;
  const layers = [randomBlob(), randomBlob(), randomBlob()];
  for (const blob of [E, ...layers]) await pusher.up('acme/app', blob);
  const [a, b] = layers.slice(0, 2).map((layer) => image([layer])) as [
    ReturnType<typeof image>,
    ReturnType<typeof image>,
  ];
  const attestation = image([layers[2] ?? E]);
  for (const child of [a, b, attestation]) {
    expect((await pusher.put('acme/app', sha256(encode(child)), child)).status).toBe(201);
  }
  const whole = index([a, b, attestation]);
  const entries = whole.manifests as Array<Record<string, unknown>>;
  Object.assign(entries[2] ?? {}, {
    platform: { architecture: 'unknown', os: 'unknown' },
    annotations: {
      'vnd.docker.reference.digest': sha256(encode(a)),
      'vnd.docker.reference.type': 'attestation-manifest',
    },
  });
  expect((await pusher.put('acme/app', '1', whole)).status).toBe(201);
  const digest = sha256(encode(whole));

  const versions = await list();
  expect(versions).toHaveLength(4);
  expect((await list('?include_children=false')).map(({ name }) => name)).toEqual([digest]);
  const children = versions.filter(({ metadata }) => metadata.container.tags.length === 0);
  expect(children.map(({ metadata }) => metadata.container.parents)).toEqual([[digest], [digest], [digest]]);
  for (const { id } of children) {
    const refused = await api(`${VERSIONS}/${id}`, 'DELETE');
    expect(refused.status).toBe(409);
    expect(refused.body.message).toContain(digest);
    expect(refused.body.message).toContain('(1)'); // its tag, for people
  }
  expect(await list()).toEqual(versions);
  const expectWhole = async () => {
    for (const manifest of [whole, a, b, attestation]) {
      expect((await pusher.v2(`/v2/acme/app/manifests/${sha256(encode(manifest))}`)).status).toBe(200);
    }
    for (const layer of layers) expect((await pusher.blob('acme/app', sha256(layer))).bytes.equals(layer)).toBe(true);
  };
  await expectWhole();
  await collectGarbage(berth);
  await expectWhole();

  const [parent] = versions.filter(({ name }) => name === digest) as [Version];
  expect((await api(`${VERSIONS}/${parent.id}`, 'DELETE')).status).toBe(204);
  for (const { id } of children) expect((await api(`${VERSIONS}/${id}`, 'DELETE')).status).toBe(204);
  expect(await list()).toEqual([]);
  await collectGarbage(berth); // which keeps all that can be restored
  // and back: not before its children
  const early = await api(`${VERSIONS}/${parent.id}/restore`, 'POST');
  expect([early.status, early.body.message]).toEqual([409, expect.stringContaining(sha256(encode(a)))]);
  for (const { id } of [...children, parent]) {
    expect((await api(`${VERSIONS}/${id}/restore`, 'POST')).status).toBe(204);
  }
  expect((await pusher.v2('/v2/acme/app/manifests/1')).status).toBe(200);
  await expectWhole();

  // Gone for good, in the order that the tools choose, once the window is over.
  for (const { id } of [parent, ...children]) expect((await api(`${VERSIONS}/${id}`, 'DELETE')).status).toBe(204);
  await berth.sql('UPDATE manifests SET purge_at = now() WHERE deleted_at IS NOT NULL');
  await collectGarbage(berth);
  expect(await berth.sql('SELECT digest FROM manifests')).toEqual([]);
  for (const layer of layers) expect((await pusher.blob('acme/app', sha256(layer))).status).toBe(404);
  expect(await berth.sql('SELECT digest FROM blobs')).toEqual([]);
});

it('deletes an index together with its children in one call, in any order', async () => {
  const { pusher } = accounts;
  const child = await pusher.push('acme/many', 'digest');
  const whole = index([child]);
  await pusher.put('acme/many', '1', whole);
  const path = '/orgs/acme/packages/container/many/versions';
  const ids = ((await api(path)).body as Version[]).map(({ id }) => id);
  const { status, body } = await api(`${path}/deletions`, 'POST', { ids: [...ids].reverse().concat(123_456_789) });
  expect(status).toBe(200);
  expect(body).toEqual([
    ...[...ids].reverse().map((id) => ({ id, status: 204, message: null })),
    { id: 123_456_789, status: 404, message: 'Not Found' },
  ]);
});
