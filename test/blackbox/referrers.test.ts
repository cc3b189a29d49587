// Referrers (end-12): what they list, filter and page.
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
  OCI_INDEX,
  sha256,
} from '../support/client.js';

let berth: TestBerth;
let accounts: Accounts;

beforeAll(async () => {
  berth = await startBerth();
  accounts = await createAccounts(berth);
  await accounts.pusher.up('acme/app', E);
});

afterAll(async () => {
  await berth.stop();
});

const put = async (document: Document, reference = sha256(encode(document))): Promise<Response> => {
  const answer = await accounts.pusher.put('acme/app', reference, document);
  expect(answer.status).toBe(201);
  return answer;
};
const remove = async (document: Document): Promise<number> =>
  (await accounts.pusher.v2(`/v2/acme/app/manifests/${sha256(encode(document))}`, { method: 'DELETE' })).status;
let subjects = 0;
/** A manifest of its own for each test. */
const newSubject = (): Document => image([], { annotations: { number: String(subjects++) } });
const subjectOf = (document: Document) => descriptor(document.mediaType, encode(document));

interface Listed {
  manifests: Array<Record<string, unknown>>;
  filters: string | null;
  next: string | undefined;
}

async function list(subject: Document, query = ''): Promise<Listed> {
  return page(`/v2/acme/app/referrers/${sha256(encode(subject))}${query}`);
}

async function page(path: string): Promise<Listed> {
  const answer = await accounts.pusher.v2(path);
  expect([answer.status, answer.headers.get('content-type')]).toEqual([200, OCI_INDEX]);
  const body = (await answer.json()) as { schemaVersion: number; mediaType: string; manifests: Listed['manifests'] };
  expect(body).toMatchObject({ schemaVersion: 2, mediaType: OCI_INDEX });
  return {
    manifests: body.manifests,
    filters: answer.headers.get('oci-filters-applied'),
    next: /^<(\/[^>]+)>; rel="next"$/.exec(answer.headers.get('link') ?? '')?.[1],
  };
}

it('describes each with its type, size and annotations', async () => {
  const subject = newSubject();
  await put(subject);
  const annotations = { 'org.example.a': 'b', ключ: '"\n' };
  const typed = image([], { subject: subjectOf(subject), artifactType: 'application/vnd.example', annotations });
  const byConfig = image([], {
    subject: subjectOf(subject),
    config: descriptor('application/vnd.example.config', E),
  });
  const asIndex = index([], { subject: subjectOf(subject), artifactType: 'application/vnd.example.index' });
  for (const document of [typed, byConfig, asIndex]) {
    expect((await put(document)).headers.get('oci-subject')).toBe(sha256(encode(subject)));
  }
  const { manifests } = await list(subject);
  expect(manifests).toEqual([
    { ...subjectOf(typed), artifactType: 'application/vnd.example', annotations },
    { ...subjectOf(byConfig), artifactType: 'application/vnd.example.config' },
    { ...subjectOf(asIndex), artifactType: 'application/vnd.example.index' },
  ]);
});

it('filters by exact type and says so', async () => {
  const subject = newSubject();
  const of = (artifactType: string) => image([], { subject: subjectOf(subject), artifactType });
  for (const type of ['a/b', 'a/bc', 'a/B']) await put(of(type));
  const { manifests, filters } = await list(subject, '?artifactType=a/b');
  expect(manifests).toEqual([{ ...subjectOf(of('a/b')), artifactType: 'a/b' }]);
  expect(filters).toBe('artifactType');
  expect((await list(subject)).filters).toBeNull();
  expect((await list(subject)).manifests).toHaveLength(3);
});

it('pages, with the filter kept', async () => {
  const subject = newSubject();
  const types = ['a/even', 'a/odd'];
  for (let i = 0; i < 10; i++) {
    await put(image([], { subject: subjectOf(subject), artifactType: types[i % 2], annotations: { i: String(i) } }));
  }
  const seen: unknown[] = [];
  let { manifests, next, filters } = await list(subject, '?artifactType=a/odd&n=2');
  for (;;) {
    expect(manifests.length).toBeLessThanOrEqual(2);
    expect(filters).toBe('artifactType');
    seen.push(...manifests.map(({ annotations }) => (annotations as { i: string }).i));
    if (!next) break;
    ({ manifests, next, filters } = await page(next));
  }
  expect(seen).toEqual(['1', '3', '5', '7', '9']);
});

describe('the subject', () => {
  it('may come later, go, and come again', async () => {
    const subject = newSubject();
    const referrer = image([], { subject: subjectOf(subject), artifactType: 'a/b' });
    await put(referrer);
    expect((await list(subject)).manifests).toHaveLength(1);
    await put(subject);
    expect((await list(subject)).manifests).toHaveLength(1);
    expect(await remove(subject)).toBe(202);
    const { manifests } = await list(subject); // kept or gone: a list in any case
    expect(manifests.length).toBeLessThanOrEqual(1);
    await put(subject);
    expect((await list(subject)).manifests.length).toBe(manifests.length);
  });

  it('has none once the referrer is deleted', async () => {
    const subject = newSubject();
    await put(subject);
    const referrer = image([], { subject: subjectOf(subject), artifactType: 'a/b' });
    await put(referrer);
    expect(await remove(referrer)).toBe(202);
    expect((await list(subject)).manifests).toEqual([]);
    await put(referrer);
    expect((await list(subject)).manifests).toHaveLength(1);
  });

  it('can be a referrer itself', async () => {
    const subject = newSubject();
    await put(subject);
    const sbom = image([], { subject: subjectOf(subject), artifactType: 'a/sbom' });
    const signature = image([], { subject: subjectOf(sbom), artifactType: 'a/signature' });
    await put(sbom);
    await put(signature);
    expect((await list(subject)).manifests).toHaveLength(1);
    expect((await list(sbom)).manifests).toHaveLength(1);
  });
});

it('lists nothing of other repositories, and nothing to others', async () => {
  const { pusher, stranger } = accounts;
  const subject = newSubject();
  await put(subject);
  await put(image([], { subject: subjectOf(subject), artifactType: 'a/b' }));
  const digest = sha256(encode(subject));
  await pusher.up('acme/second', E);
  await pusher.put('acme/second', digest, subject);
  const second = (await (await pusher.v2(`/v2/acme/second/referrers/${digest}`)).json()) as { manifests: unknown[] };
  expect(second.manifests).toEqual([]);
  expect((await stranger.v2(`/v2/acme/app/referrers/${digest}`)).status).toBe(404);
  expect((await fetch(`${berth.url}/v2/acme/app/referrers/${digest}`)).status).toBe(401);
  expect((await pusher.v2(`/v2/acme/none/referrers/${digest}`)).status, 'never 404').toBe(200);
});

it('stays below 4 MiB a page however long the annotations are', async () => {
  const subject = newSubject();
  for (let i = 0; i < 8; i++) {
    const annotations = { i: String(i), long: 'x'.repeat(900_000) };
    await put(image([], { subject: subjectOf(subject), artifactType: 'a/b', annotations }));
  }
  let count = 0;
  for (let path: string | undefined = `/v2/acme/app/referrers/${sha256(encode(subject))}`; path; ) {
    const answer = await accounts.pusher.v2(path);
    const text = await answer.text();
    expect(text.length).toBeLessThan(4 * 1024 * 1024);
    count += (JSON.parse(text) as { manifests: unknown[] }).manifests.length;
    path = /^<(\/[^>]+)>/.exec(answer.headers.get('link') ?? '')?.[1];
  }
  expect(count).toBe(8);
});
