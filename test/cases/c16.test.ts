// C16: foreign layers that were pushed after all.
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startBerth, type TestBerth } from '../support/berth.js';
import {
  type Accounts,
  collectGarbage,
  createAccounts,
  descriptor,
  E,
  encode,
  image,
  randomBlob,
  sha256,
} from '../support/client.js';

const FOREIGN = 'application/vnd.docker.image.rootfs.foreign.diff.tar.gzip';

let berth: TestBerth;
let accounts: Accounts;

beforeAll(async () => {
  berth = await startBerth();
  accounts = await createAccounts(berth);
});

afterAll(async () => {
  await berth.stop();
});

it('serves the layer while a manifest needs it, and takes a manifest without its layer', async () => {
  const { pusher } = accounts;
  const foreign = randomBlob(4096);
  const layerOf = (bytes: Uint8Array) => ({ ...descriptor(FOREIGN, bytes), urls: ['https://layers.example/f'] });
  for (const blob of [E, foreign]) await pusher.up('acme/app', blob);
  const document = image([], { layers: [layerOf(foreign)] });
  expect((await pusher.put('acme/app', 'w', document)).status).toBe(201);

  await collectGarbage(berth);
  const path = `/v2/acme/app/blobs/${sha256(foreign)}`;
  expect((await pusher.v2(path, { method: 'HEAD' })).status).toBe(200);
  expect((await pusher.blob('acme/app', sha256(foreign))).bytes.equals(foreign)).toBe(true);
  expect((await pusher.v2(path, { method: 'DELETE' })).status, 'a reference like any other').toBe(403);

  const absent = image([], { layers: [layerOf(randomBlob(4096))] });
  expect((await pusher.put('acme/app', 'absent', absent)).status).toBe(201);

  expect((await pusher.v2('/v2/acme/app/manifests/w', { method: 'DELETE' })).status).toBe(202);
  const digest = sha256(encode(document));
  expect((await pusher.v2(`/v2/acme/app/manifests/${digest}`, { method: 'DELETE' })).status).toBe(202);
  await collectGarbage(berth);
  expect((await pusher.v2(path)).status, 'nothing needs it any more').toBe(404);
});

it('counts a layer that arrives after its manifest', async () => {
  const { pusher } = accounts;
  const late = randomBlob(4096);
  const layer = { ...descriptor(FOREIGN, late), urls: ['https://layers.example/f'] };
  expect((await pusher.put('acme/app', 'late', image([], { layers: [layer] }))).status).toBe(201);
  expect((await pusher.up('acme/app', late)).status).toBe(201);
  await collectGarbage(berth);
  expect((await pusher.blob('acme/app', sha256(late))).status).toBe(200);
  expect((await pusher.v2(`/v2/acme/app/blobs/${sha256(late)}`, { method: 'DELETE' })).status).toBe(403);
});
