// Mounting blobs (end-11), and that a digest alone opens nothing (CVE-2024-39897).
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startBerth, type TestBerth } from '../support/berth.js';
import {
  type Accounts,
  type Client,
  createAccounts,
  E,
  errorCode,
  image,
  operator,
  randomBlob,
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

const mount = (client: Client, name: string, digest: string, from?: string) =>
  client.v2(`/v2/${name}/blobs/uploads/?mount=${digest}${from === undefined ? '' : `&from=${from}`}`, {
    method: 'POST',
  });

async function heldBlob(client: Client, name: string): Promise<Buffer> {
  const bytes = randomBlob();
  expect((await client.up(name, bytes)).status).toBe(201);
  return bytes;
}

describe('a blob that the caller may read', () => {
  it.each([
    ['with from', 'acme/source'],
    ['without from', undefined],
  ])('is mounted %s', async (_, from) => {
    const { pusher } = accounts;
    const bytes = await heldBlob(pusher, 'acme/source');
    const digest = sha256(bytes);
    const answer = await mount(pusher, 'acme/target', digest, from);
    expect(answer.status).toBe(201);
    expect(answer.headers.get('location')).toBe(`/v2/acme/target/blobs/${digest}`);
    expect(answer.headers.get('docker-content-digest')).toBe(digest);
    expect((await pusher.blob('acme/target', digest)).bytes.equals(bytes)).toBe(true);
    // its own link: the source may go
    expect((await pusher.v2(`/v2/acme/source/blobs/${digest}`, { method: 'DELETE' })).status).toBe(202);
    expect((await pusher.blob('acme/target', digest)).bytes.equals(bytes)).toBe(true);
  });

  it('is mounted by a token that lists only the target, as clients ask for', async () => {
    const { pusher } = accounts;
    const digest = sha256(await heldBlob(pusher, 'acme/source'));
    const authorization = `Bearer ${await pusher.bearer('repository:acme/target:pull,push')}`;
    const answer = await pusher.v2(`/v2/acme/target/blobs/uploads/?mount=${digest}&from=acme/source`, {
      method: 'POST',
      headers: { authorization },
    });
    expect(answer.status).toBe(201);
  });

  it('is mounted into a package that the mount makes', async () => {
    const { pusher } = accounts;
    const digest = sha256(await heldBlob(pusher, 'acme/source'));
    expect((await mount(pusher, 'acme/fresh', digest, 'acme/source')).status).toBe(201);
    expect((await pusher.blob('acme/fresh', digest)).status).toBe(200);
  });

  it('is mounted from a public package of somebody else', async () => {
    const { pusher, stranger } = accounts;
    await stranger.push('other/open', '1');
    const digest = sha256(await heldBlob(stranger, 'other/open'));
    expect((await mount(pusher, 'acme/target', digest, 'other/open')).status).toBe(202);
    await operator(berth, 'PATCH', '/packages/other/open', { visibility: 'public' });
    expect((await mount(pusher, 'acme/target', digest, 'other/open')).status).toBe(201);
  });

  it('is no mount once the source has it no more', async () => {
    const { pusher } = accounts;
    const digest = sha256(await heldBlob(pusher, 'acme/source'));
    await pusher.v2(`/v2/acme/source/blobs/${digest}`, { method: 'DELETE' });
    for (const from of ['acme/source', undefined])
      expect((await mount(pusher, 'acme/target', digest, from)).status).toBe(202);
  });
});

it('a mount that is none is an upload like any other', async () => {
  const { pusher } = accounts;
  const bytes = randomBlob();
  const answer = await mount(pusher, 'acme/target', sha256(bytes), 'acme/none');
  expect(answer.status).toBe(202);
  const put = await pusher.v2(`${answer.headers.get('location')}?digest=${sha256(bytes)}`, {
    method: 'PUT',
    body: bytes,
  });
  expect(put.status).toBe(201);
});

describe('CVE-2024-39897: a blob of others', () => {
  const visibility = (value: string) => operator(berth, 'PATCH', '/packages/acme/secret', { visibility: value });
  let secret: Buffer;

  beforeAll(async () => {
    secret = randomBlob();
    await accounts.pusher.push('acme/secret', '1', [secret]);
    await accounts.stranger.up('other/own', E);
  });

  async function expectShut(): Promise<void> {
    const { stranger } = accounts;
    const digest = sha256(secret);
    for (const method of ['GET', 'HEAD']) {
      expect((await stranger.v2(`/v2/other/own/blobs/${digest}`, { method })).status).toBe(404);
      expect((await stranger.v2(`/v2/acme/secret/blobs/${digest}`, { method })).status).toBe(404);
    }
    for (const from of ['acme/secret', undefined, 'other/own']) {
      expect((await mount(stranger, 'other/own', digest, from)).status).toBe(202);
    }
    const put = await stranger.put('other/own', 'stolen', image([secret]));
    expect([put.status, await errorCode(put)]).toEqual([400, 'MANIFEST_BLOB_UNKNOWN']);
    // GET of one's own name shows whether anything of it stuck
    expect((await stranger.v2(`/v2/other/own/blobs/${digest}`)).status).toBe(404);
  }

  it('stays shut', expectShut);

  it('stays shut after it was public', async () => {
    await visibility('public');
    expect((await accounts.stranger.v2(`/v2/acme/secret/blobs/${sha256(secret)}`)).status).toBe(200);
    expect((await accounts.stranger.v2(`/v2/other/own/blobs/${sha256(secret)}`)).status).toBe(404);
    await visibility('private');
    await expectShut();
  });

  it('opens to whoever shows its bytes, and looks like a first upload', async () => {
    const { stranger } = accounts;
    const answer = await stranger.v2(`/v2/other/own/blobs/uploads/?digest=${sha256(secret)}`, { method: 'POST' });
    expect(answer.status, 'no bytes, no link').toBe(400);
    expect((await stranger.up('other/own', secret)).status).toBe(201);
    expect((await stranger.blob('other/own', sha256(secret))).bytes.equals(secret)).toBe(true);
    expect((await stranger.v2(`/v2/acme/secret/blobs/${sha256(secret)}`)).status).toBe(404);
  });
});
