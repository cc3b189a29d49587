// What a package's page tells of it: annotations and labels, of `latest` or the newest tag.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startBerth, type TestBerth } from '../support/berth.js';
import {
  type Accounts,
  createAccounts,
  type Document,
  descriptor,
  E,
  encode,
  image,
  index,
  sha256,
} from '../support/client.js';
import { rest } from '../support/rest.js';

const IMAGE_CONFIG = 'application/vnd.oci.image.config.v1+json';
const KEY = 'org.opencontainers.image.';

let berth: TestBerth;
let accounts: Accounts;

beforeAll(async () => {
  berth = await startBerth();
  accounts = await createAccounts(berth);
});

afterAll(async () => {
  await berth.stop();
});

/** Pushes an image whose configuration has these labels, and answers its manifest. */
async function pushLabelled(name: string, tag: string, labels: object, more: object = {}): Promise<Document> {
  const config = Buffer.from(JSON.stringify({ config: { Labels: labels } }));
  await accounts.pusher.up(name, config);
  const document = image([], { config: descriptor(IMAGE_CONFIG, config), ...more });
  await put(name, tag, document);
  return document;
}

async function put(name: string, tag: string, document: Document): Promise<void> {
  expect((await accounts.pusher.put(name, tag, document)).status).toBe(201);
}

const metadataOf = async (name: string) =>
  (await rest(berth, accounts.pusher.token, `/orgs/acme/packages/container/${name}`)).body.metadata;

it('comes from the annotations, else from the labels of the image', async () => {
  const labels = {
    [`${KEY}description`]: 'from the label',
    [`${KEY}licenses`]: 'MIT OR Apache-2.0',
    [`${KEY}source`]: 'https://git.example/acme/app',
    [`${KEY}url`]: 'https://app.example',
    [`${KEY}documentation`]: 'https://docs.example',
    [`${KEY}version`]: '1.2.3',
    [`${KEY}revision`]: 'abc',
    [`${KEY}title`]: 'from the label',
  };
  await pushLabelled('acme/app', '1', labels, { annotations: { [`${KEY}title`]: 'from the annotation' } });
  expect(await metadataOf('app')).toEqual({
    title: 'from the annotation',
    description: 'from the label',
    licenses: 'MIT OR Apache-2.0',
    is_spdx: true,
    source: 'https://git.example/acme/app',
    url: 'https://app.example',
    documentation: 'https://docs.example',
    version: '1.2.3',
    revision: 'abc',
    truncated: [],
  });
});

describe('follows', () => {
  const title = async () => (await metadataOf('moving'))?.title;
  const titled = (text: string) => ({ [`${KEY}title`]: text });

  it('the newest tag, then latest, wherever it moves', async () => {
    const one = await pushLabelled('acme/moving', '1', titled('one'));
    await pushLabelled('acme/moving', '2', titled('two'));
    expect(await title()).toBe('two');
    await put('acme/moving', '1', one);
    expect(await title()).toBe('one');
    const latest = await pushLabelled('acme/moving', 'latest', titled('latest'));
    await pushLabelled('acme/moving', '3', titled('three'));
    expect(await title()).toBe('latest');
    await put('acme/moving', 'latest', one);
    expect(await title()).toBe('one');
    await put('acme/moving', 'latest', latest);
    await accounts.pusher.v2('/v2/acme/moving/manifests/latest', { method: 'DELETE' });
    expect(await title()).toBe('three');
  });

  it('neither tags that stand in for referrers nor attestations', async () => {
    const subject = await pushLabelled('acme/moving', '4', titled('four'));
    const annotations = titled('no image');
    await accounts.pusher.up('acme/moving', E);
    await put('acme/moving', sha256(encode(subject)).replace(':', '-'), image([], { annotations }));
    const attestation = image([E], { annotations });
    attestation.layers = [descriptor('application/vnd.in-toto+json', E)];
    await put('acme/moving', 'attestation', attestation);
    expect(await title()).toBe('four');
  });
});

it('of an index comes from its annotations, else from its children', async () => {
  const child = await pushLabelled('acme/multi', 'child', { [`${KEY}title`]: 'child', [`${KEY}version`]: '1' });
  await put('acme/multi', 'latest', index([child], { annotations: { [`${KEY}title`]: 'index' } }));
  expect(await metadataOf('multi')).toMatchObject({ title: 'index', version: '1' });
});

it('has nothing to tell where nobody said anything, or nonsense', async () => {
  await pushLabelled('acme/silent', '1', { [`${KEY}title`]: 1, other: 'x' });
  expect(await metadataOf('silent')).toBeNull();
});

it('links the package to the source that a label names', async () => {
  const source = 'https://git.example/acme/labelled';
  const made = await rest(berth, accounts.admin.token, '/orgs/acme/sources', { method: 'POST', body: { url: source } });
  expect(made.status).toBe(201);
  await pushLabelled('acme/labelled', '1', { [`${KEY}source`]: source });
  const { body } = await rest(berth, accounts.pusher.token, '/orgs/acme/packages/container/labelled');
  expect(body.repository).toMatchObject({ id: made.body.id, full_name: 'acme/labelled', html_url: source });
});

it('says nothing failed in its log', () => {
  expect(berth.log()).not.toContain('request failed');
});
