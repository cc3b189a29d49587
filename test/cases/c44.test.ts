// C44: long metadata: no push is refused, the manifest keeps all, REST shows it cut and says so.
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
  OCI_MANIFEST,
  sha256,
} from '../support/client.js';
import { rest } from '../support/rest.js';

const SUBJECT = image([]);
const subject = descriptor(OCI_MANIFEST, encode(SUBJECT));
const annotated = (annotations: Record<string, string>): Document => image([], { annotations });

let berth: TestBerth;
let accounts: Accounts;

beforeAll(async () => {
  berth = await startBerth();
  accounts = await createAccounts(berth);
  await accounts.pusher.up('acme/app', E);
  await accounts.pusher.put('acme/app', 'subject', SUBJECT);
});

afterAll(async () => {
  await berth.stop();
});

it.each([
  ['licenses', annotated({ 'org.opencontainers.image.licenses': 'MIT AND '.repeat(38).slice(0, 300) })],
  ['description', annotated({ 'org.opencontainers.image.description': 'line\n'.repeat(1000) })],
  ['data-uri', annotated({ icon: `data:image/png;base64,${'A'.repeat(300 * 1024)}` })],
  ['key', annotated({ ['k'.repeat(4000)]: 'v' })],
  ['source', annotated({ 'org.opencontainers.image.source': `https://${'s'.repeat(10_000)}` })],
  ['artifact-type', image([], { subject, artifactType: `application/${'t'.repeat(2988)}` })],
  ['noise', image([], { subject, artifactType: 'application/x', annotations: { noise: noise(300_000) } })],
])('keeps the whole manifest: %s', async (tag, document) => {
  const { pusher } = accounts;
  expect((await pusher.put('acme/app', tag, document)).status).toBe(201);
  const read = await pusher.v2(`/v2/acme/app/manifests/${tag}`);
  expect(sha256(Buffer.from(await read.arrayBuffer()))).toBe(sha256(encode(document)));
  const tags = (await (await pusher.v2('/v2/acme/app/tags/list')).json()) as { tags: string[] };
  expect(tags.tags).toContain(tag);

  const referrers = await pusher.v2(`/v2/acme/app/referrers/${subject.digest}`);
  expect(referrers.status).toBe(200);
  if (!document.subject) return;
  const { manifests } = (await referrers.json()) as { manifests: Document[] };
  const listed = manifests.find(({ digest }) => digest === sha256(encode(document)));
  expect(listed).toMatchObject({ artifactType: document.artifactType });
  expect(listed?.annotations).toEqual(document.annotations);
  const filter = encodeURIComponent(String(document.artifactType));
  const filtered = await pusher.v2(`/v2/acme/app/referrers/${subject.digest}?artifactType=${filter}`);
  expect(((await filtered.json()) as { manifests: Document[] }).manifests).toHaveLength(1);
});

/** Text that no compression makes small: an index entry would not hold it. */
function noise(length: number): string {
  let text = '';
  for (let i = 0; text.length < length; i++) text += sha256(Buffer.from(String(i))).slice(7);
  return text.slice(0, length);
}

it('keeps a long source label in a config', async () => {
  const { pusher } = accounts;
  const labels = { 'org.opencontainers.image.source': `https://${'s'.repeat(10_000)}` };
  const config = Buffer.from(JSON.stringify({ config: { Labels: labels } }));
  await pusher.up('acme/app', config);
  const document = image([], { config: descriptor('application/vnd.oci.image.config.v1+json', config) });
  expect((await pusher.put('acme/app', 'label', document)).status).toBe(201);
});

describe('REST', () => {
  const KEY = 'org.opencontainers.image.';
  it.each([
    ['licenses', 'MIT AND '.repeat(38).slice(0, 300), 256],
    ['description', 'line\n'.repeat(1000), 512],
    ['source', `https://${'s'.repeat(10_000)}`, 2000],
  ])('shows %s cut, and says so', async (field, value, limit) => {
    const { pusher } = accounts;
    await pusher.up(`acme/long-${field}`, E);
    expect((await pusher.put(`acme/long-${field}`, 'latest', annotated({ [KEY + field]: value }))).status).toBe(201);
    const { status, body } = await rest(berth, pusher.token, `/orgs/acme/packages/container/long-${field}`);
    expect(status).toBe(200);
    expect(body.metadata[field]).toBe(value.slice(0, limit));
    expect(body.metadata.truncated).toEqual([field]);
    expect(body.metadata.is_spdx).toBe(false);
  });

  it('lists what was pushed here', async () => {
    const versions = await rest(
      berth,
      accounts.pusher.token,
      '/orgs/acme/packages/container/app/versions?per_page=100',
    );
    expect(versions.status).toBe(200);
    expect(versions.body.length).toBeGreaterThan(7);
  });
});
