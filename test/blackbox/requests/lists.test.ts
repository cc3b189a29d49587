// Tag lists, the catalog and referrers: rows 129 to 141 of the table of bad inputs.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startBerth, type TestBerth } from '../../support/berth.js';
import {
  type Accounts,
  createAccounts,
  E,
  encode,
  image,
  OCI_INDEX,
  OCI_MANIFEST,
  sha256,
} from '../../support/client.js';
import { ask, type RawAnswer } from '../../support/raw.js';
import { type Row, testRows } from '../../support/rows.js';

const TAGS = ['a', 'b', 'c'];
const SUBJECT = image([]);
const SUBJECT_DIGEST = sha256(encode(SUBJECT));
const subject = { mediaType: OCI_MANIFEST, digest: SUBJECT_DIGEST, size: encode(SUBJECT).length };
const TYPE = 'application/vnd.example.sbom+json';
/** More than a page. */
const REFERRERS = 103;

let berth: TestBerth;
let accounts: Accounts;
const setting = () => ({ berth, accounts });

beforeAll(async () => {
  berth = await startBerth();
  accounts = await createAccounts(berth);
  const { pusher } = accounts;
  await pusher.up('acme/app', E);
  for (const tag of TAGS) await pusher.put('acme/app', tag, SUBJECT);
  await pusher.up('acme/untagged', E);
  await pusher.put('acme/untagged', SUBJECT_DIGEST, SUBJECT);
  for (let i = 0; i < REFERRERS; i++) {
    const referrer = image([], {
      subject,
      artifactType: i < 3 ? TYPE : 'application/x',
      annotations: { i: String(i) },
    });
    await pusher.put('acme/app', sha256(encode(referrer)), referrer);
  }
});

afterAll(async () => {
  await berth.stop();
});

const LIST = '/v2/acme/app/tags/list';
const REFERRERS_PATH = `/v2/acme/app/referrers/${SUBJECT_DIGEST}`;
const CATALOG = '/v2/_catalog';
const json = ({ body }: RawAnswer) => JSON.parse(body.toString());
const tags =
  (expected: string[], hasLink = false) =>
  (answer: RawAnswer) => {
    expect(json(answer)).toEqual({ name: 'acme/app', tags: expected });
    expect(answer.headers.link !== undefined).toBe(hasLink);
  };
const manifests = (count: number) => (answer: RawAnswer) => {
  expect(answer.headers['content-type']).toBe(OCI_INDEX);
  expect(json(answer)).toMatchObject({ schemaVersion: 2, mediaType: OCI_INDEX });
  expect(json(answer).manifests).toHaveLength(count);
};
const HUGE = ['2147483647', '9223372036854775807', '1000000000', '9'.repeat(40)];

testRows(setting, [
  { row: 129, what: 'no tags', path: `${LIST}?n=0`, status: 200, check: tags([]) },
  { row: 129, what: 'no repositories', path: `${CATALOG}?n=0`, status: 200 },
  ...[LIST, CATALOG, REFERRERS_PATH].flatMap((path) =>
    ['-1', 'x', '1.5', '0x10', '', '1e3', '%00', ' 1', '１'].map(
      (n): Row => ({
        row: 130,
        what: `${path.slice(0, 24)}?n=${n}`,
        path: `${path}?n=${encodeURIComponent(n).replace('%2500', '%00')}`,
        status: 400,
        code: 'UNSUPPORTED',
      }),
    ),
  ),
  ...HUGE.flatMap((n): Row[] => [
    { row: 131, what: `tags, n=${n}`, path: `${LIST}?n=${n}`, status: 200, check: tags(TAGS) },
    { row: 131, what: `catalog, n=${n}`, path: `${CATALOG}?n=${n}`, status: [200, 400] },
    { row: 131, what: `referrers, n=${n}`, path: `${REFERRERS_PATH}?n=${n}`, status: [200, 400] },
  ]),
  { row: 131, what: 'one tag', path: `${LIST}?n=1`, status: 200, check: tags(['a'], true) },
  { row: 131, what: 'just all tags', path: `${LIST}?n=3`, status: 200, check: tags(TAGS) },
  { row: 133, what: 'last is no tag', path: `${LIST}?last=aa`, status: 200, check: tags(['b', 'c']) },
  { row: 133, what: 'last is the last', path: `${LIST}?last=c`, status: 200, check: tags([]) },
  { row: 133, what: 'last is nothing', path: `${LIST}?last=`, status: 200, check: tags(TAGS) },
  ...[LIST, CATALOG, REFERRERS_PATH].flatMap((path) =>
    [
      '%00',
      'a%00b',
      "';%20DROP%20TABLE%20tags;--",
      '%ff%fe',
      '%ed%a0%80',
      '..%2f..',
      '-1',
      '9'.repeat(30),
      'x'.repeat(4000),
    ].map(
      (last): Row => ({
        row: 134,
        what: `${path.slice(0, 24)}?last=${last.slice(0, 12)}`,
        path: `${path}?last=${last}`,
        status: [200, 400],
      }),
    ),
  ),
  { row: 134, what: 'last of 1 MiB', path: `${LIST}?last=${'x'.repeat(2 ** 20)}`, status: [414, 431] },
  { row: 135, what: 'unknown repository', path: '/v2/acme/none/tags/list', status: 404, code: 'NAME_UNKNOWN' },
  {
    row: 136,
    what: 'no tag yet',
    path: '/v2/acme/untagged/tags/list',
    status: 200,
    check: (answer) => expect(json(answer)).toEqual({ name: 'acme/untagged', tags: [] }),
  },
  { row: 137, what: 'catalog without credentials', as: 'anonymous', path: CATALOG, status: 401, code: 'UNAUTHORIZED' },
  {
    row: 137,
    what: 'own catalog',
    path: CATALOG,
    status: 200,
    check: (answer) => expect(json(answer).repositories).toEqual(['acme/app', 'acme/untagged']),
  },
  {
    row: 137,
    what: "a stranger's catalog",
    as: 'stranger',
    path: CATALOG,
    status: 200,
    check: (answer) => expect(json(answer).repositories).toEqual([]),
  },
  ...['latest', 'sha256:abc', `sha256:${'A'.repeat(64)}`, `md5:${'a'.repeat(32)}`].map(
    (digest): Row => ({
      row: 139,
      what: `referrers of ${digest.slice(0, 12)}`,
      path: `/v2/acme/app/referrers/${digest}`,
      status: 400,
      code: 'DIGEST_INVALID',
    }),
  ),
  {
    row: 139,
    what: 'referrers of an absent manifest',
    path: `/v2/acme/app/referrers/${sha256(E)}`,
    status: 200,
    check: manifests(0),
  },
  {
    row: 140,
    what: 'a filter',
    path: `${REFERRERS_PATH}?artifactType=${encodeURIComponent(TYPE)}`,
    status: 200,
    check: (answer) => {
      manifests(3)(answer);
      expect(answer.headers['oci-filters-applied']).toBe('artifactType');
    },
  },
  ...['.*', 'application/*', 'application/vnd.example.sbom', '%25', '_', "'", TYPE.toUpperCase(), 'x'.repeat(4000)].map(
    (filter): Row => ({
      row: 140,
      what: `the filter ${filter.slice(0, 24)} is taken to the letter`,
      path: `${REFERRERS_PATH}?artifactType=${encodeURIComponent(filter)}`,
      status: 200,
      check: manifests(0),
    }),
  ),
  { row: 140, what: 'a filter with NUL', path: `${REFERRERS_PATH}?artifactType=%00`, status: [200, 400] },
  {
    row: 140,
    what: 'two filters',
    path: `${REFERRERS_PATH}?artifactType=${encodeURIComponent(TYPE)}&artifactType=x`,
    status: [200, 400],
  },
  {
    row: 140,
    what: 'a filter of 64 KiB',
    path: `${REFERRERS_PATH}?artifactType=${'x'.repeat(65_536)}`,
    status: [414, 431],
  },
  {
    row: 140,
    what: 'no filter',
    path: `${REFERRERS_PATH}?artifactType=`,
    status: 200,
    check: ({ headers }) => expect(headers['oci-filters-applied']).toBeUndefined(),
  },
]);

describe('141: referrers beyond a page', () => {
  it.each(['', '?n=1', '?n=50', `?artifactType=${encodeURIComponent(TYPE)}&n=2`])(
    'walks all of %j by Link',
    async (query) => {
      const seen: string[] = [];
      let path: string | undefined = REFERRERS_PATH + query;
      while (path) {
        const authorization = `Bearer ${await accounts.pusher.bearerFor(path)}`;
        const answer = await ask(berth, { path, headers: { Authorization: authorization } });
        expect(answer.status).toBe(200);
        expect(answer.body.length).toBeLessThan(4 * 1024 * 1024);
        seen.push(...json(answer).manifests.map((manifest: { digest: string }) => manifest.digest));
        path = /^<(\/[^>]+)>; rel="next"$/.exec(answer.headers.link ?? '')?.[1];
      }
      const expected = query.includes('artifactType') ? 3 : REFERRERS;
      expect([seen.length, new Set(seen).size]).toEqual([expected, expected]);
    },
  );
});

it('131: 200 requests for the largest page at once', async () => {
  const before = await berth.residentBytes();
  const authorization = `Bearer ${await accounts.pusher.bearerFor(LIST)}`;
  const statuses = await Promise.all(
    Array.from(
      { length: 200 },
      async (_, i) =>
        (await ask(berth, { path: `${LIST}?n=${HUGE[i % HUGE.length]}`, headers: { Authorization: authorization } }))
          .status,
    ),
  );
  expect(new Set(statuses)).toEqual(new Set([200]));
  expect((await berth.residentBytes()) - before).toBeLessThan(64 * 1024 * 1024);
});
