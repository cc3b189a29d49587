// C12: one child for two platforms.
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startBerth, type TestBerth } from '../support/berth.js';
import {
  type Accounts,
  collectGarbage,
  createAccounts,
  encode,
  OCI_INDEX,
  OCI_MANIFEST,
  sha256,
} from '../support/client.js';

let berth: TestBerth;
let accounts: Accounts;

beforeAll(async () => {
  berth = await startBerth();
  accounts = await createAccounts(berth);
});

afterAll(async () => {
  await berth.stop();
});

it('takes an index that lists a child twice, and keeps the child while something needs it', async () => {
  const { pusher } = accounts;
  const img = await pusher.push('acme/app', 'digest');
  const child = { mediaType: OCI_MANIFEST, digest: sha256(encode(img)), size: encode(img).length };
  const idx = {
    schemaVersion: 2,
    mediaType: OCI_INDEX,
    manifests: [
      { ...child, platform: { os: 'linux', architecture: 'arm', variant: 'v6' } },
      { ...child, platform: { os: 'linux', architecture: 'arm', variant: 'v7' }, annotations: { a: 'b' } },
    ],
  };
  expect((await pusher.put('acme/app', 'dup', idx)).status).toBe(201);
  const read = await pusher.v2('/v2/acme/app/manifests/dup');
  expect(await read.text()).toBe(JSON.stringify(idx));

  const remove = async (reference: string) =>
    (await pusher.v2(`/v2/acme/app/manifests/${reference}`, { method: 'DELETE' })).status;
  expect(await remove(child.digest), 'the index needs it').toBe(403);
  expect((await pusher.put('acme/app', 'x', img)).status).toBe(201);
  expect(await remove('dup')).toBe(202);
  expect(await remove(sha256(encode(idx)))).toBe(202);
  await collectGarbage(berth);
  for (const reference of ['x', child.digest]) {
    expect((await pusher.v2(`/v2/acme/app/manifests/${reference}`)).status).toBe(200);
  }
  const layer = (img.layers as Array<{ digest: string }>)[0]?.digest ?? '';
  expect((await pusher.blob('acme/app', layer)).status, 'its blobs are kept, too').toBe(200);
  expect(await remove(child.digest), 'nothing needs it any more').toBe(202);
  await collectGarbage(berth);
  expect((await pusher.blob('acme/app', layer)).status).toBe(404);
});
