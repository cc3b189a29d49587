// References and manifests: rows 20 to 77 of the table of bad inputs.
import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startBerth, type TestBerth } from '../../support/berth.js';
import {
  type Accounts,
  Client,
  createAccounts,
  createToken,
  descriptor,
  E,
  encode,
  image,
  index,
  OCI_INDEX,
  OCI_MANIFEST,
  operator,
  sha256,
  sha512,
} from '../../support/client.js';
import { ask, chunk, RawConnection } from '../../support/raw.js';
import { rest } from '../../support/rest.js';
import { checkRow, codeOf, type Row, testRows } from '../../support/rows.js';

const LIMIT = 4 * 1024 * 1024;
const L = Buffer.from(randomBytes(1024));
const IMG = image([L]);
const IMG_BYTES = encode(IMG);
const DIGEST = sha256(IMG_BYTES);
const CHILD = image([L], { annotations: { of: 'an index' } });
const ABSENT = descriptor('application/vnd.oci.image.layer.v1.tar', randomBytes(64));
const DOCKER_LIST = 'application/vnd.docker.distribution.manifest.list.v2+json';
const DOCKER_MANIFEST = 'application/vnd.docker.distribution.manifest.v2+json';

let berth: TestBerth;
let accounts: Accounts;
const setting = () => ({ berth, accounts });

beforeAll(async () => {
  berth = await startBerth();
  accounts = await createAccounts(berth);
  const { pusher } = accounts;
  await pusher.push('acme/app', '1', [L]);
  await pusher.put('acme/app', sha256(encode(CHILD)), CHILD);
  await pusher.put('acme/app', 'index', index([CHILD]));
  await operator(berth, 'POST', '/users', { login: 'reader' });
  await pusher.push('acme/other', '1');
});

afterAll(async () => {
  await berth.stop();
});

const manifests = (reference: string, name = 'acme/app'): string => `/v2/${name}/manifests/${reference}`;

/** A PUT to a tag that stays absent. */
const put = (row: number, what: string, body: Uint8Array | string, rest: Partial<Row>): Row => ({
  row,
  what,
  method: 'PUT',
  path: manifests('odd'),
  headers: { 'Content-Type': OCI_MANIFEST },
  body,
  status: 400,
  code: 'MANIFEST_INVALID',
  ...rest,
});
const document = (row: number, what: string, doc: object, rest: Partial<Row> = {}): Row =>
  put(row, what, encode(doc), rest);
const accepted: Partial<Row> = { status: 201, code: undefined };
const withType = (type: string, rest: Partial<Row> = {}): Partial<Row> => ({
  headers: { 'Content-Type': type },
  ...rest,
});

/** An image manifest of exactly this many bytes. */
function padded(size: number): Buffer {
  const empty = encode(image([L], { annotations: { padding: '' } }));
  return encode(image([L], { annotations: { padding: 'x'.repeat(size - empty.length) } }));
}

function nested(depth: number): string {
  return `{"schemaVersion":2,"mediaType":"${OCI_MANIFEST}","x":${'['.repeat(depth)}${']'.repeat(depth)}}`;
}

describe('references', () => {
  const tag = (text: string, rest: Partial<Row>): Row =>
    put(21, `tag ${JSON.stringify(text)}`, IMG_BYTES, { path: manifests(encodeURIComponent(text)), ...rest });
  const badDigests: Array<[number, string]> = [
    [26, `sha256:${'a'.repeat(63)}`],
    [26, `sha256:${'a'.repeat(65)}`],
    [26, DIGEST.toUpperCase().replace('SHA256', 'sha256')],
    [26, `sha256:${'g'.repeat(64)}`],
    [26, `sha256:${'a'.repeat(63)}/`],
    [27, `md5:${'a'.repeat(32)}`],
    [27, `sha1:${'a'.repeat(40)}`],
    [28, `sha512:${'a'.repeat(64)}`],
    [29, `sha384:${'a'.repeat(96)}`],
    [29, `blake3:${'a'.repeat(64)}`],
    [29, 'sha256+b64:LCa0a2j/xo/5m0U8HTBBNBNCLXBkg7+g+YpeiGJm564='.replaceAll('/', '_')],
  ];
  testRows(setting, [
    put(20, 'tag of 128 characters', IMG_BYTES, { path: manifests('t'.repeat(128)), ...accepted }),
    put(20, 'tag of 129 characters', IMG_BYTES, { path: manifests('t'.repeat(129)) }),
    ...['.a', '-a', 'a b', 'a+b', 'é', 'a\0', 'a\n'].map((text) => tag(text, {})),
    tag('a:b', { code: 'DIGEST_INVALID' }),
    tag('a/b', { code: ['MANIFEST_INVALID', 'NAME_UNKNOWN'], status: [400, 404] }),
    put(21, 'tag a/b with a slash', IMG_BYTES, { path: manifests('a/b'), status: 404, code: 'NAME_UNKNOWN' }),
    put(22, 'a fallback tag', IMG_BYTES, { path: manifests(DIGEST.replace(':', '-')), ...accepted }),
    put(23, 'an empty tag', IMG_BYTES, { path: manifests(''), status: 404, code: 'NAME_UNKNOWN' }),
    { row: 25, what: 'unknown tag', path: manifests('none'), status: 404, code: 'MANIFEST_UNKNOWN' },
    { row: 25, what: 'unknown digest', path: manifests(ABSENT.digest), status: 404, code: 'MANIFEST_UNKNOWN' },
    { row: 25, what: 'unknown tag, HEAD', method: 'HEAD', path: manifests('none'), status: 404 },
    ...badDigests.flatMap(([row, digest]): Row[] => [
      {
        row,
        what: `GET ${digest.slice(0, 20)}, ${digest.length}`,
        path: manifests(digest),
        status: [400, 404],
        code: ['DIGEST_INVALID', 'NAME_UNKNOWN'],
      },
      {
        ...put(row, `PUT ${digest.slice(0, 20)}, ${digest.length}`, IMG_BYTES, { path: manifests(digest) }),
        status: digest.endsWith('/') ? 404 : 400,
        code: ['DIGEST_INVALID', 'NAME_UNKNOWN'],
      },
    ]),
    put(28, 'by sha512', IMG_BYTES, { path: manifests(sha512(IMG_BYTES)), ...accepted }),
    { row: 28, what: 'by sha512, read back', path: manifests(sha512(IMG_BYTES)), status: 200 },
  ]);
});

describe('PUT', () => {
  const both = { schemaVersion: 2, config: descriptor('application/x', E), layers: [], manifests: [] };
  testRows(setting, [
    put(31, 'empty body', '', {}),
    ...['{', '{"schemaVersion":2', 'not JSON', `${IMG_BYTES}x`, `${IMG_BYTES}{}`, `\ufeff${IMG_BYTES}`].map((text) =>
      put(32, `not JSON: ${JSON.stringify(text.slice(-12))}`, text, {}),
    ),
    put(32, 'UTF-16', Buffer.from(IMG_BYTES.toString(), 'utf16le'), {}),
    put(
      32,
      'bytes that are no UTF-8',
      Buffer.concat([Buffer.from('{"x":"'), Buffer.from([0xff, 0xfe]), Buffer.from('"}')]),
      {},
    ),
    ...['null', '[]', '"x"', '1', 'true'].map((text) => put(33, text, text, {})),
    put(34, 'lists 100 000 deep', nested(100_000), {}),
    put(34, 'only lists 100 000 deep', '['.repeat(100_000), {}),
    put(35, 'mediaType twice', IMG_BYTES.toString().replace('{', `{"mediaType":"${OCI_INDEX}",`), {}),
    put(35, 'config twice', IMG_BYTES.toString().replace('"config"', '"config":{},"config"'), {}),
    put(35, 'a key twice by an escape', IMG_BYTES.toString().replace('"config"', '"\\u0063onfig":{},"config"'), {}),
    put(
      35,
      'a key twice further down',
      encode(image([L], { annotations: { a: '1' } }))
        .toString()
        .replace('"a":"1"', '"a":"1","a":"2"'),
      {},
    ),
    put(37, '4 MiB exactly', padded(LIMIT), accepted),
    put(37, '4 MiB and a byte', padded(LIMIT + 1), { status: 413, code: ['SIZE_INVALID', 'MANIFEST_INVALID'] }),
    put(39, 'no Content-Type', IMG_BYTES, { headers: {}, ...accepted }),
    put(39, 'no type anywhere', encode({ ...IMG, mediaType: undefined }), { headers: {} }),
    ...[
      'text/plain',
      'application/json',
      'application/vnd.oci.image.manifest.v2+json',
      'application/vnd.docker.distribution.manifest.v1+prettyjws',
    ].map((type) => put(40, `Content-Type ${type}`, encode({ ...IMG, mediaType: undefined }), withType(type))),
    // Fastify lets no malformed type as far as a route
    ...[';', 'x', 'a/b/c'].map((type) =>
      put(40, `Content-Type ${type}`, IMG_BYTES, withType(type, { status: [400, 415], code: undefined })),
    ),
    put(40, 'Content-Type other than mediaType', IMG_BYTES, withType(DOCKER_MANIFEST)),
    put(40, 'index type on an image manifest', IMG_BYTES, withType(OCI_INDEX)),
    put(
      41,
      'parameters behind the type',
      IMG_BYTES,
      withType(`${OCI_MANIFEST}; charset=utf-8`, { ...accepted, path: manifests('charset') }),
    ),
    {
      row: 41,
      what: 'parameters are not kept',
      path: manifests('charset'),
      status: 200,
      check: ({ headers }) => expect(headers['content-type']).toBe(OCI_MANIFEST),
    },
    ...[OCI_MANIFEST, OCI_INDEX, DOCKER_MANIFEST, DOCKER_LIST].flatMap((type) => [
      document(43, `layers and manifests as ${type}`, both, withType(type)),
      document(43, `config and manifests as ${type}`, { ...both, layers: undefined }, withType(type)),
      document(43, `layers, manifests and mediaType ${type}`, { ...both, mediaType: type }, withType(type)),
    ]),
    document(
      44,
      'Docker schema 1',
      { schemaVersion: 1, name: 'acme/app', tag: '1', fsLayers: [], history: [], signatures: [] },
      withType('application/vnd.docker.distribution.manifest.v1+prettyjws'),
    ),
    document(44, 'Docker schema 1 as an OCI manifest', { schemaVersion: 2, fsLayers: [], config: IMG.config }, {}),
    ...[1, '2', undefined, null, 2.5].map((schemaVersion) =>
      document(45, `schemaVersion ${JSON.stringify(schemaVersion)}`, { ...IMG, schemaVersion }),
    ),
    ...[undefined, null, {}, [], 'x'].map((config) =>
      document(46, `config ${JSON.stringify(config)}`, { ...IMG, config }),
    ),
    document(47, 'config absent', { ...IMG, config: ABSENT }, { code: 'MANIFEST_BLOB_UNKNOWN' }),
    document(47, 'layer absent', { ...IMG, layers: [ABSENT] }, { code: 'MANIFEST_BLOB_UNKNOWN' }),
    document(
      49,
      'index with an absent child',
      index([image([L], { annotations: { x: 'never pushed' } })]),
      withType(OCI_INDEX, { code: 'MANIFEST_BLOB_UNKNOWN' }),
    ),
    ...[0, 1023, 1025].map((size) =>
      document(50, `size ${size} of 1024`, { ...IMG, layers: [{ ...descriptor('a/b', L), size }] }),
    ),
    ...['-1', '1e308', '1.5', '"1024"', '9007199254740993', 'null', 'true', '[1024]', '-0.5', '1e999'].map((size) =>
      put(51, `size ${size}`, IMG_BYTES.toString().replace('"size":1024', `"size":${size}`), {}),
    ),
    ...['../../x', 'sha256:abc', `sha256:${'A'.repeat(64)}`, `md5:${'a'.repeat(32)}`, '', 1, null].map((digest) =>
      document(
        52,
        `digest ${JSON.stringify(digest)}`,
        { ...IMG, layers: [{ ...descriptor('a/b', L), digest }] },
        { code: ['DIGEST_INVALID', 'MANIFEST_INVALID'] },
      ),
    ),
    document(53, 'no layers', image([]), accepted),
    document(55, 'a layer 10 000 times', { ...image(Array(10_000).fill(L)) }, accepted),
    document(
      58,
      'subject absent',
      { ...IMG, subject: { ...ABSENT, mediaType: OCI_MANIFEST } },
      { ...accepted, check: ({ headers }) => expect(headers['oci-subject']).toBe(ABSENT.digest) },
    ),
    ...['x', 'sha256:abc', `sha512:${'a'.repeat(64)}`].map((digest) =>
      document(59, `subject ${digest}`, { ...IMG, subject: { mediaType: OCI_MANIFEST, size: 1, digest } }),
    ),
    document(61, 'data of another digest', {
      ...IMG,
      config: { ...descriptor('application/x', E), data: Buffer.from('[]').toString('base64') },
    }),
    document(61, 'data of another length', {
      ...IMG,
      config: { ...descriptor('application/x', E), data: Buffer.from('{} ').toString('base64') },
    }),
    document(61, 'data that is no text', { ...IMG, config: { ...descriptor('application/x', E), data: 1 } }),
    document(
      61,
      'data that fits',
      { ...IMG, config: { ...descriptor('application/x', E), data: E.toString('base64') } },
      accepted,
    ),
    document(
      62,
      'foreign layers with odd urls',
      {
        ...IMG,
        layers: ['http://169.254.169.254/', 'file:///etc/passwd', 'javascript:alert(1)'].map((url) => ({
          ...descriptor('application/vnd.oci.image.layer.nondistributable.v1.tar+gzip', Buffer.from(url)),
          urls: [url],
        })),
      },
      accepted,
    ),
    put(63, 'by the digest of other bytes', IMG_BYTES, { path: manifests(ABSENT.digest), code: 'DIGEST_INVALID' }),
    put(64, 'two tags with a digest', IMG_BYTES, {
      path: `${manifests(DIGEST)}?tag=a&tag=b`,
      ...accepted,
      check: ({ headers }) => expect(headers['oci-tag']).toMatch(/^a, ?b$/),
    }),
    put(65, '?tag= empty', IMG_BYTES, { path: `${manifests(DIGEST)}?tag=` }),
    put(65, '?tag= invalid', IMG_BYTES, { path: `${manifests(DIGEST)}?tag=good&tag=-a` }),
    put(65, '11 tags', IMG_BYTES, {
      path: `${manifests(DIGEST)}?${Array.from({ length: 11 }, (_, i) => `tag=t${i}`).join('&')}`,
      status: [400, 414],
    }),
    put(65, '?tag= with a tag', IMG_BYTES, { path: `${manifests('odd')}?tag=x` }),
    put(67, 'Content-Encoding gzip', IMG_BYTES, {
      headers: { 'Content-Type': OCI_MANIFEST, 'Content-Encoding': 'gzip' },
      status: [400, 415],
    }),
    document(51, 'artifactType with NUL', { ...IMG, artifactType: 'a\0b' }),
    document(51, 'artifactType that is no text', { ...IMG, artifactType: 1 }),
    document(51, 'annotations that are no texts', { ...IMG, annotations: { a: 1 } }),
    document(51, 'annotation with NUL and half a character', { ...IMG, annotations: { 'a\0': '\0\ud800' } }, accepted),
  ]);

  it('57: nests 50 indexes, and lets them go from the outside', async () => {
    const { pusher } = accounts;
    let inner = image([L], { annotations: { nest: 'core' } });
    const digests: string[] = [];
    for (let depth = 0; depth <= 50; depth++) {
      const digest = sha256(encode(inner));
      expect((await pusher.put('acme/app', digest, inner)).status).toBe(201);
      digests.unshift(digest);
      inner = index([inner]);
    }
    for (const digest of digests) {
      expect((await pusher.v2(manifests(digest), { method: 'DELETE' })).status).toBe(202);
    }
  });

  it('38: refuses an endless body once it has more than the limit', async () => {
    const connection = await RawConnection.open(berth);
    const headers = {
      Authorization: `Bearer ${await accounts.pusher.bearerFor(manifests('endless'))}`,
      'Content-Type': OCI_MANIFEST,
      'Transfer-Encoding': 'chunked',
    };
    await connection.send({ method: 'PUT', path: manifests('endless'), headers });
    const block = chunk(Buffer.alloc(64 * 1024, ' '));
    // Not a byte more than the limit and 64 KiB is sent before the answer.
    for (let sent = 0; sent <= LIMIT; sent += 64 * 1024) await connection.write(block);
    const answer = await connection.answer();
    expect([answer?.status, codeOf(answer as never)]).toEqual([413, 'SIZE_INVALID']);
    // the rest is taken off the connection, which then serves on
    for (let i = 0; i < 100; i++) await connection.write(block);
    await connection.write(chunk(Buffer.alloc(0)));
    await connection.send({ path: '/v2/' });
    expect((await connection.answer())?.status).toBe(401);
    connection.destroy();
  });

  it('38: stays small under a hundred of them', async () => {
    const before = await berth.residentBytes();
    const authorization = `Bearer ${await accounts.pusher.bearerFor(manifests('endless'))}`;
    const statuses = await Promise.all(
      Array.from({ length: 100 }, async () => {
        const connection = await RawConnection.open(berth);
        await connection.send({
          method: 'PUT',
          path: manifests('endless'),
          headers: { Authorization: authorization, 'Content-Type': OCI_MANIFEST, 'Content-Length': String(2 ** 40) },
        });
        const answer = connection.answer();
        const block = Buffer.alloc(64 * 1024);
        let isAnswered = false;
        void answer.then(() => {
          isAnswered = true;
        });
        for (let i = 0; i < 200 && !isAnswered && !connection.isClosed; i++) await connection.write(block);
        const { status } = (await answer) ?? {};
        connection.destroy();
        return status;
      }),
    );
    expect(new Set(statuses)).toEqual(new Set([413]));
    expect((await berth.residentBytes()) - before).toBeLessThan(100 * 1024 * 1024);
  });

  it('68: says 401 before it asks for the body', async () => {
    const connection = await RawConnection.open(berth);
    await connection.send({
      method: 'PUT',
      path: manifests('1'),
      headers: { 'Content-Type': OCI_MANIFEST, 'Content-Length': '1000', Expect: '100-continue' },
    });
    const answer = await connection.answer();
    expect(answer).toMatchObject({ status: 401, interim: [], headers: { connection: 'close' } });
    await connection.closed();
  });

  it('68: asks for the body of a request that it takes', async () => {
    const connection = await RawConnection.open(berth);
    const headers = {
      Authorization: `Bearer ${await accounts.pusher.bearerFor(manifests('1'))}`,
      'Content-Type': OCI_MANIFEST,
      'Content-Length': String(IMG_BYTES.length),
      Expect: '100-continue',
    };
    await connection.send({ method: 'PUT', path: manifests('expected'), headers });
    expect(await connection.interim()).toBe(100);
    await connection.write(IMG_BYTES);
    expect((await connection.answer())?.status).toBe(201);
    await connection.send({ path: '/v2/' });
    expect((await connection.answer())?.status, 'the connection goes on').toBe(401);
    connection.destroy();
  });
});

describe('GET, HEAD and DELETE', () => {
  const inUse = sha256(encode(CHILD));
  testRows(setting, [
    ...['text/html', 'application/json', OCI_INDEX, 'x', ';;;,', '*/*;q=0'].map(
      (accept): Row => ({
        row: 69,
        what: `Accept ${accept}`,
        path: manifests('1'),
        headers: { Accept: accept },
        status: 200,
        check: ({ headers }) => expect(headers['content-type']).toBe(OCI_MANIFEST),
      }),
    ),
    {
      row: 70,
      what: 'Accept of 64 KiB',
      path: manifests('1'),
      headers: { Accept: 'a/b,'.repeat(16_384) },
      status: [200, 431],
    },
    {
      row: 71,
      what: 'HEAD',
      method: 'HEAD',
      path: manifests('1'),
      status: 200,
      check: ({ headers }) =>
        expect(headers).toMatchObject({
          'content-length': String(IMG_BYTES.length),
          'docker-content-digest': DIGEST,
          'content-type': OCI_MANIFEST,
        }),
    },
    {
      row: 71,
      what: 'GET',
      path: manifests('1'),
      status: 200,
      check: ({ headers, body }) => {
        expect(headers['docker-content-digest']).toBe(DIGEST);
        expect(body).toEqual(IMG_BYTES);
      },
    },
    ...(['GET', 'HEAD'] as const).map(
      (method): Row => ({
        row: 71,
        what: `${method} of what the client has`,
        method,
        path: manifests('1'),
        headers: { 'If-None-Match': `"${DIGEST}"` },
        status: 304,
      }),
    ),
    ...(['GET', 'HEAD'] as const).map(
      (method): Row => ({
        row: 71,
        what: `${method} of another than the client has`,
        method,
        path: manifests('1'),
        headers: { 'If-None-Match': `"${ABSENT.digest}"` },
        status: 200,
      }),
    ),
    {
      row: 73,
      what: 'DELETE unknown tag',
      method: 'DELETE',
      path: manifests('none'),
      status: 404,
      code: 'MANIFEST_UNKNOWN',
    },
    {
      row: 73,
      what: 'DELETE unknown digest',
      method: 'DELETE',
      path: manifests(ABSENT.digest),
      status: 404,
      code: 'MANIFEST_UNKNOWN',
    },
    {
      row: 73,
      what: 'DELETE in an unknown repository',
      method: 'DELETE',
      path: manifests('1', 'acme/none'),
      status: 404,
      code: ['NAME_UNKNOWN', 'MANIFEST_UNKNOWN'],
    },
    {
      row: 75,
      what: 'DELETE a child of a live index',
      method: 'DELETE',
      path: manifests(inUse),
      status: 403,
      code: 'DENIED',
      check: ({ body }) => expect(body.toString()).toContain(sha256(encode(index([CHILD])))),
    },
    {
      row: 77,
      what: 'DELETE by a stranger',
      as: 'stranger',
      method: 'DELETE',
      path: manifests('1'),
      status: 403,
      code: 'DENIED',
    },
  ]);

  it('74: deletes once', async () => {
    const document = await accounts.pusher.push('acme/app', 'twice');
    const path = manifests(sha256(encode(document)));
    await checkRow(setting(), { row: 74, what: 'once', method: 'DELETE', path, status: 202 });
    await checkRow(setting(), {
      row: 74,
      what: 'twice',
      method: 'DELETE',
      path,
      status: 404,
      code: 'MANIFEST_UNKNOWN',
    });
    await checkRow(setting(), {
      row: 74,
      what: 'its tag is gone',
      path: manifests('twice'),
      status: 404,
      code: 'MANIFEST_UNKNOWN',
    });
  });

  it('77: DELETE needs delete:packages', async () => {
    for (const scopes of [['read:packages'], ['read:packages', 'write:packages'], ['write:packages']]) {
      const { token } = await createToken(berth, 'pusher', scopes);
      const limited = new Client(berth, 'pusher', token);
      for (const reference of ['1', DIGEST]) {
        const answer = await limited.v2(manifests(reference), { method: 'DELETE' });
        expect([answer.status, scopes]).toEqual([403, scopes]);
      }
    }
    expect((await accounts.pusher.v2(manifests('1'))).status).toBe(200);
  });
});

describe.each([
  ['deletes off', { BERTH_DELETES: 'off' }],
  ['read-only', { BERTH_READ_ONLY: 'on' }],
])('76: %s', (_, settings) => {
  let closed: TestBerth;
  let closedAccounts: Accounts;

  beforeAll(async () => {
    closed = await startBerth();
    closedAccounts = await createAccounts(closed);
    await closedAccounts.pusher.push('acme/app', '1', [L]);
    await closedAccounts.pusher.up('acme/app', Buffer.from('free'));
    await closed.restart(settings);
  });

  afterAll(async () => {
    await closed.stop();
  });

  const paths = [
    manifests('1'),
    manifests('%31'),
    manifests(DIGEST),
    `/v2/acme/app/blobs/${sha256(Buffer.from('free'))}`,
  ];
  testRows(
    () => ({ berth: closed, accounts: closedAccounts }),
    paths.flatMap((path): Row[] => [
      { row: 76, what: `DELETE ${path.slice(0, 40)}`, method: 'DELETE', path, status: 405, code: 'UNSUPPORTED' },
      {
        row: 76,
        what: `overridden ${path.slice(0, 40)}`,
        method: 'GET',
        path,
        headers: { 'X-HTTP-METHOD-OVERRIDE': 'DELETE' },
        status: 200,
      },
    ]),
  );
  const isReadOnly = 'BERTH_READ_ONLY' in settings;
  testRows(
    () => ({ berth: closed, accounts: closedAccounts }),
    [
      {
        row: 76,
        what: 'POST uploads',
        method: 'POST',
        path: '/v2/acme/app/blobs/uploads/',
        status: isReadOnly ? 405 : 202,
      },
      {
        row: 76,
        what: 'PUT manifest',
        method: 'PUT',
        path: manifests('2'),
        headers: { 'Content-Type': OCI_MANIFEST },
        body: IMG_BYTES,
        status: isReadOnly ? 405 : 201,
      },
      { row: 76, what: 'GET manifest', path: manifests('1'), status: 200 },
    ],
  );

  it('under /api/v3, too: nothing is deleted, and everything shown', async () => {
    const app = '/orgs/acme/packages/container/app';
    const call = (method: string, path: string, body?: object) =>
      rest(closed, closedAccounts.pusher.token, app + path, { method, body });
    const { body: versions } = await call('GET', '/versions');
    const ids = versions.map(({ id }: { id: number }) => id);
    expect((await call('DELETE', '')).status).toBe(403);
    expect((await call('DELETE', `/versions/${ids[0]}`)).status).toBe(403);
    expect((await call('POST', '/versions/deletions', { ids })).status).toBe(403);
    for (const path of ['', '/access', '/settings', '/refusals']) expect((await call('GET', path)).status).toBe(200);
    const change = await call('PATCH', '/settings', { allow_sparse_indexes: false });
    expect(change.status).toBe(isReadOnly ? 403 : 200);
  });
});

it('same digest, same type, whatever is accepted', async () => {
  for (const accept of [OCI_INDEX, DOCKER_MANIFEST, '*/*']) {
    const answer = await ask(berth, {
      path: manifests(DIGEST),
      headers: { Accept: accept, Authorization: `Bearer ${await accounts.pusher.bearerFor(manifests(DIGEST))}` },
    });
    expect([answer.status, answer.headers['content-type']]).toEqual([200, OCI_MANIFEST]);
  }
});
