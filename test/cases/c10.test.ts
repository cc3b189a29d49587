// C10: many first pushes at once, as buildx and jib do them.
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startBerth, type TestBerth } from '../support/berth.js';
import { type Accounts, createAccounts, E, encode, image, randomBlob, sha256 } from '../support/client.js';

const ROUNDS = 20;

let berth: TestBerth;
let accounts: Accounts;

beforeAll(async () => {
  berth = await startBerth();
  accounts = await createAccounts(berth);
});

afterAll(async () => {
  await berth.stop();
});

const statuses = async (requests: Array<Promise<Response>>) =>
  (await Promise.all(requests)).map(({ status }) => status);

it('makes one package, each digest once and every tag', async () => {
  const { pusher } = accounts;
  for (let round = 0; round < ROUNDS; round++) {
    const name = `acme/round${round}`;
    const uploads = Array.from({ length: 32 }, () => pusher.v2(`/v2/${name}/blobs/uploads/`, { method: 'POST' }));
    expect(await statuses(uploads)).toEqual(Array(32).fill(202));

    const layers = Array.from({ length: 16 }, () => randomBlob());
    expect(await statuses([E, ...layers].map((blob) => pusher.up(name, blob)))).toEqual(Array(17).fill(201));
    const images = layers.map((layer) => image([layer]));
    const puts = images.map((document) => pusher.put(name, sha256(encode(document)), document));
    expect(await statuses(puts)).toEqual(Array(16).fill(201));

    const [one] = images;
    if (!one) throw new Error('no image');
    const tags = Array.from({ length: 16 }, (_, i) => `t${i + 1}`);
    expect(await statuses(tags.map((tag) => pusher.put(name, tag, one)))).toEqual(Array(16).fill(201));

    const list = (await (await pusher.v2(`/v2/${name}/tags/list`)).json()) as { tags: string[] };
    expect(list.tags).toEqual([...tags].sort());
    const reads = images.map((document) => pusher.v2(`/v2/${name}/manifests/${sha256(encode(document))}`));
    expect(await statuses(reads)).toEqual(Array(16).fill(200));
  }
  const [counts] = await berth.sql(`
    SELECT (SELECT count(*)::int FROM packages) AS packages, (SELECT count(*)::int FROM manifests) AS manifests,
      (SELECT count(*)::int FROM tags) AS tags`);
  expect(counts).toEqual({ packages: ROUNDS, manifests: ROUNDS * 16, tags: ROUNDS * 16 });
}, 180_000);
