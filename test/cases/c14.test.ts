// C14: configs that are no image configs.
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startBerth, type TestBerth } from '../support/berth.js';
import { type Accounts, createAccounts, descriptor, encode, image, randomBlob, sha256, Z } from '../support/client.js';
import { rest } from '../support/rest.js';

const MIB = 1024 * 1024;
const IMAGE_CONFIG = 'application/vnd.oci.image.config.v1+json';

let berth: TestBerth;
let accounts: Accounts;

beforeAll(async () => {
  berth = await startBerth();
  accounts = await createAccounts(berth);
});

afterAll(async () => {
  await berth.stop();
});

it.each([
  ['nothing', IMAGE_CONFIG, () => Z],
  ['[]', IMAGE_CONFIG, () => Buffer.from('[]')],
  ['null', IMAGE_CONFIG, () => Buffer.from('null')],
  ['{"config":null}', IMAGE_CONFIG, () => Buffer.from('{"config":null}')],
  ['labels null, no history', IMAGE_CONFIG, () => Buffer.from('{"config":{"Labels":null},"history":[]}')],
  ['a number as label', IMAGE_CONFIG, () => Buffer.from('{"config":{"Labels":{"a":1}}}')],
  ['5 MB of noise', IMAGE_CONFIG, () => randomBlob(5_000_000)],
  ['a helm chart', 'application/vnd.cncf.helm.config.v1+json', () => Buffer.from('{"name":"chart","version":"1"}')],
  ['wasm', 'application/vnd.wasm.config.v0+json', () => Buffer.from('{"architecture":"wasm"}')],
  ['200 MB of another type', 'application/vnd.example', () => Buffer.alloc(200_000_000, 'x')],
])(
  'stores %s',
  async (_, mediaType, bytes) => {
    const { pusher } = accounts;
    const [config, layer] = [bytes(), randomBlob()];
    await pusher.up('acme/app', layer);
    const before = await berth.residentBytes();
    expect((await pusher.up('acme/app', config)).status).toBe(201);
    const document = image([layer], { config: descriptor(mediaType, config) });
    expect((await pusher.put('acme/app', 'c', document)).status).toBe(201);
    // Upload buffers are 64 MiB at most.
    expect((await berth.residentBytes()) - before).toBeLessThan(128 * MIB);

    const read = await pusher.v2('/v2/acme/app/manifests/c');
    expect([read.status, await read.text()]).toEqual([200, JSON.stringify(document)]);
    expect((await pusher.v2('/v2/acme/app/tags/list')).status).toBe(200);
    const versions = await rest(berth, pusher.token, '/orgs/acme/packages/container/app/versions');
    expect(versions.status).toBe(200);
    expect(versions.body[0].name).toBe(sha256(encode(document)));
    const { id } = versions.body[0];
    const version = await rest(berth, pusher.token, `/orgs/acme/packages/container/app/versions/${id}`);
    expect([version.status, version.body.metadata.container.tags]).toEqual([200, ['c']]);
    const app = await rest(berth, pusher.token, '/orgs/acme/packages/container/app');
    expect([app.status, app.body.metadata]).toEqual([200, null]);
    const head = await pusher.v2(`/v2/acme/app/blobs/${sha256(config)}`, { method: 'HEAD' });
    expect([head.status, head.headers.get('content-length')]).toEqual([200, String(config.length)]);
  },
  60_000,
);
