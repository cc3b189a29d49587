// Methods and HTTP itself: rows 152 to 158 of the table of bad inputs.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startBerth, type TestBerth } from '../../support/berth.js';
import { type Accounts, createAccounts, E, OCI_MANIFEST, sha256 } from '../../support/client.js';
import { ask, chunk, exchange, RawConnection, type RawRequest } from '../../support/raw.js';
import { expectRefusal, type Row, testRows } from '../../support/rows.js';

const MANIFEST = '/v2/acme/app/manifests/1';
const BLOB = `/v2/acme/app/blobs/${sha256(E)}`;
const UPLOADS = '/v2/acme/app/blobs/uploads/';

let berth: TestBerth;
let accounts: Accounts;
const setting = () => ({ berth, accounts });

beforeAll(async () => {
  berth = await startBerth();
  accounts = await createAccounts(berth);
  await accounts.pusher.push('acme/app', '1');
});

afterAll(async () => {
  await berth.stop();
});

const disallowed = (path: string, allow: string, ...methods: string[]): Row[] =>
  methods.map((method) => ({
    row: 152,
    what: `${method} ${path.slice(0, 30)}`,
    method,
    path,
    status: 405,
    code: 'UNSUPPORTED',
    check: ({ headers }) => expect(headers.allow).toBe(allow),
  }));

describe('methods', () => {
  testRows(setting, [
    ...disallowed('/v2/', 'GET, HEAD', 'POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS', 'TRACE', 'PROPFIND'),
    ...disallowed(MANIFEST, 'GET, HEAD, PUT, DELETE', 'POST', 'PATCH', 'OPTIONS', 'TRACE'),
    ...disallowed('/v2/acme/app/tags/list', 'GET', 'PUT', 'POST', 'DELETE', 'HEAD', 'OPTIONS'),
    ...disallowed(BLOB, 'GET, HEAD, DELETE', 'PATCH', 'PUT', 'POST', 'OPTIONS'),
    ...disallowed(UPLOADS, 'POST', 'PUT', 'PATCH', 'OPTIONS'),
    // these read as a blob of the digest `uploads`
    ...['GET', 'HEAD', 'DELETE'].map(
      (method): Row => ({
        row: 152,
        what: `${method} ${UPLOADS}`,
        method,
        path: UPLOADS,
        status: [400, 405],
        code: ['DIGEST_INVALID', 'UNSUPPORTED'],
      }),
    ),
    ...disallowed(`${UPLOADS}x`, 'GET, PATCH, PUT, DELETE', 'POST', 'HEAD', 'OPTIONS'),
    ...disallowed(`/v2/acme/app/referrers/${sha256(E)}`, 'GET', 'POST', 'PUT', 'DELETE', 'HEAD'),
    ...disallowed('/v2/_catalog', 'GET', 'POST', 'DELETE'),
    ...disallowed('/token', 'GET, POST', 'PUT', 'DELETE', 'PATCH', 'HEAD'),
    ...['X-HTTP-Method-Override', 'X-HTTP-Method', 'X-Method-Override'].flatMap((name): Row[] => [
      { row: 153, what: `${name} on GET`, path: MANIFEST, headers: { [name]: 'DELETE' }, status: 200 },
      { row: 153, what: `${name} on POST`, method: 'POST', path: MANIFEST, headers: { [name]: 'DELETE' }, status: 405 },
    ]),
    { row: 153, what: '_method', path: `${MANIFEST}?_method=DELETE`, status: 200 },
    { row: 153, what: 'still there', path: MANIFEST, status: 200 },
    ...['GET', 'OPTIONS', 'HEAD'].map(
      (method): Row => ({
        row: 154,
        what: `${method} from another origin`,
        method,
        path: MANIFEST,
        headers: { Origin: 'https://evil.example', 'Access-Control-Request-Method': 'DELETE' },
        status: method === 'OPTIONS' ? 405 : 200,
        check: ({ headers }) =>
          expect(Object.keys(headers).filter((name) => name.startsWith('access-control-'))).toEqual([]),
      }),
    ),
  ]);

  it.each([
    ['FOO', { method: 'FOO', path: '/v2/' }],
    ['a small-letter method', { method: 'get', path: '/v2/' }],
    ['CONNECT', { method: 'CONNECT', path: 'example.org:443' }],
    ['HTTP/9.9', { path: '/v2/', version: 'HTTP/9.9' }],
    ['no version', { path: '/v2/', version: '' }],
    ['a space in the path', { path: '/v2/a b' }],
    ['a header without a colon', { path: '/v2/', headers: { 'X\r\nbroken line': 'x' } }],
    ['a space before the colon', { path: '/v2/', headers: { 'X-Y ': 'x' } }],
    ['a folded header', { path: '/v2/', headers: { 'X-Y': 'a\r\n b' } }],
    ['NUL in a header', { path: '/v2/', headers: { 'X-Y': 'a\0b' } }],
    ['a lone carriage return', { path: '/v2/', headers: { 'X-Y': 'a\rX-Z: b' } }],
    [
      'two lengths',
      {
        method: 'POST',
        path: UPLOADS,
        headers: [
          ['Content-Length', '2'],
          ['Content-Length', '3'],
        ],
        body: '{}',
      },
    ],
    [
      'a length and chunks',
      {
        method: 'POST',
        path: UPLOADS,
        headers: [
          ['Content-Length', '2'],
          ['Transfer-Encoding', 'chunked'],
        ],
        body: '0\r\n\r\n',
      },
    ],
    ['a negative length', { method: 'POST', path: UPLOADS, headers: { 'Content-Length': '-1' } }],
    ['an unknown transfer coding', { method: 'POST', path: UPLOADS, headers: { 'Transfer-Encoding': 'chunked, x' } }],
  ] as Array<[string, RawRequest]>)('152, 155: %s ends the connection', async (_, request) => {
    const connection = await RawConnection.open(berth);
    await connection.send(request);
    const answer = await connection.answer();
    if (answer) {
      expect(answer.status).toBe(400);
      expectRefusal(answer);
      expect(answer.headers.connection).toBe('close');
    }
    await connection.closed();
  });
});

it.each([
  ['158: HTTP/2 by prior knowledge', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'],
  ['155: a TLS greeting', Buffer.from('16030100c8010000c40303', 'hex')],
  ['155: noise', Buffer.from('\0\r\n\r\nx\xff', 'latin1')],
])('%s ends the connection', async (_, bytes) => {
  const connection = await RawConnection.open(berth);
  await connection.write(bytes);
  expect((await connection.answer())?.status).toBe(400);
  await connection.closed();
});

describe.concurrent('155: who is too slow is cut off', () => {
  it('in a head that never ends', async ({ expect }) => {
    const connection = await RawConnection.open(berth);
    await connection.write('GET /v2/ HTTP/1.1\r\nHost: x\r\nX-Slow: ');
    const trickle = setInterval(() => void connection.write('x'), 500);
    const answer = await connection.answer();
    await connection.closed();
    clearInterval(trickle);
    expect(answer?.status).toBe(408);
  });

  it.each([
    ['a manifest', 'PUT', '/v2/acme/app/manifests/slow', OCI_MANIFEST],
    ['a blob', 'POST', `${UPLOADS}?digest=${sha256(E)}`, 'application/octet-stream'],
    ['a login', 'POST', '/token', 'application/x-www-form-urlencoded'],
  ])(
    'in a body that never comes: %s',
    async (_, method, path, type) => {
      const connection = await RawConnection.open(berth);
      const headers = {
        Authorization: `Bearer ${await accounts.pusher.bearerFor(UPLOADS)}`,
        'Content-Type': type,
        'Content-Length': '1000',
      };
      await connection.send({ method, path, headers });
      await connection.write('x');
      await connection.closed();
    },
    180_000,
  );
});

describe('155: forms of a request', () => {
  it('HTTP/1.0', async () => {
    const answer = await ask(berth, { path: '/v2/', version: 'HTTP/1.0' });
    expect(answer).toMatchObject({ status: 401, headers: { connection: 'close' } });
    expect(answer.headers['transfer-encoding']).toBeUndefined();
  });

  it('HTTP/1.0 without Host has no realm to name', async () => {
    const answer = await ask(berth, { path: '/v2/', version: 'HTTP/1.0', host: false });
    expect(answer.status).toBe(400);
    expectRefusal(answer);
  });

  it('HTTP/1.1 without Host', async () => {
    const answer = await ask(berth, { path: '/v2/', host: false });
    expect(answer.status).toBe(400);
    expectRefusal(answer);
  });

  it('two Hosts', async () => {
    for (const second of [berth.host, 'evil.example']) {
      const answer = await ask(berth, { path: '/v2/', headers: [['Host', second]] });
      expect(answer.status).toBe(400);
      expectRefusal(answer);
    }
  });

  it.each([
    '',
    ' ',
    'a b',
    'evil.example/x',
    'user@evil.example',
    'evil"x',
    '[::1',
    '[::1]:x',
    'a:b:c',
    'a:123456',
    '..',
    'x'.repeat(300),
    'é',
    'a,b',
    'a\\b',
    'http://x',
  ])('Host %j names no realm', async (host) => {
    const answer = await ask(berth, { path: '/v2/', host });
    expect(answer.status).toBe(400);
    expectRefusal(answer);
    expect(answer.headers['www-authenticate']).toBeUndefined();
  });

  it('the absolute form', async () => {
    const answer = await ask(berth, { path: `http://${berth.host}/v2/` });
    expect(answer.status).toBe(401);
    const path = `http://${berth.host}${MANIFEST}`;
    const headers = { Authorization: `Bearer ${await accounts.pusher.bearerFor(MANIFEST)}` };
    expect((await ask(berth, { path, headers })).status).toBe(200);
  });

  it.each(['/v2/%', '/v2/acme/app/manifests/%zz', '/%', '/v2/acme/app/blobs/uploads/%e0%a4'])(
    'the broken escape of %s is refused',
    async (path) => {
      const answer = await ask(berth, { path });
      expect(answer.status).toBe(400);
      expectRefusal(answer);
    },
  );

  it.each(['*', 'evil', 'http://', 'http:///v2/', 'https://x', '?', '/?/v2/'])(
    'the target %s leads nowhere',
    async (path) => {
      const answer = await exchange(berth, { path });
      expect([undefined, 400, 404, 405]).toContain(answer?.status);
      if (answer) expectRefusal(answer);
    },
  );
});

it('157: forwarding headers of strangers change nothing', async () => {
  const headers = {
    Authorization: `Bearer ${await accounts.pusher.bearerFor(UPLOADS)}`,
    'X-Forwarded-Host': 'evil.example',
    'X-Forwarded-Proto': 'https',
    'X-Forwarded-Prefix': '/evil',
    'X-Original-URL': '/admin/v1/users',
    'X-Rewrite-URL': '/admin/v1/users',
    Forwarded: 'host=evil.example;proto=https',
  };
  const opened = await ask(berth, { method: 'POST', path: UPLOADS, headers });
  expect(opened.status).toBe(202);
  expect(opened.headers.location).toMatch(/^\/v2\/acme\/app\/blobs\/uploads\/[0-9a-f-]{36}$/);
  const refused = await ask(berth, { path: '/v2/', headers: { ...headers, Authorization: 'Bearer x' } });
  expect(refused.headers['www-authenticate']).toContain(`realm="http://${berth.host}/token"`);
});

describe('the connection', () => {
  it('goes on after every kind of refusal', async () => {
    const connection = await RawConnection.open(berth);
    const authorization = { Authorization: `Bearer ${await accounts.pusher.bearerFor(MANIFEST)}` };
    const requests: Array<[RawRequest, number]> = [
      [{ path: '/v2/' }, 401],
      [{ method: 'HEAD', path: MANIFEST }, 401],
      [{ path: '/v2/acme/app/manifests/none', headers: authorization }, 404],
      [
        {
          method: 'PUT',
          path: '/v2/acme/app/manifests/-',
          headers: { ...authorization, 'Content-Type': OCI_MANIFEST },
          body: '{}',
        },
        400,
      ],
      [{ method: 'PUT', path: MANIFEST, body: Buffer.alloc(2_000_000) }, 401],
      [{ method: 'POST', path: MANIFEST, body: Buffer.alloc(2_000_000) }, 405],
      [{ method: 'POST', path: '/nothing', body: Buffer.alloc(2_000_000) }, 404],
      [{ method: 'DELETE', path: BLOB, headers: authorization, body: 'a body that nobody asked for' }, 403],
      [{ method: 'GET', path: MANIFEST, headers: authorization, body: 'the same' }, 200],
      [{ method: 'HEAD', path: MANIFEST, headers: authorization }, 200],
      [{ path: MANIFEST, headers: { ...authorization, 'If-None-Match': '*' } }, 304],
    ];
    for (const [request, status] of requests) {
      await connection.send(request);
      expect([request.method, request.path, (await connection.answer(request.method))?.status]).toEqual([
        request.method,
        request.path,
        status,
      ]);
    }
    connection.destroy();
  });

  it('answers requests that were sent ahead in their order', async () => {
    const connection = await RawConnection.open(berth);
    const paths = ['/v2/', '/nothing', '/v2/acme/app/foo', '/v2/'];
    for (const path of paths) await connection.send({ path });
    const statuses: Array<number | undefined> = [];
    for (const _ of paths) statuses.push((await connection.answer())?.status);
    expect(statuses).toEqual([401, 404, 404, 401]);
    connection.destroy();
  });

  it('hears a refusal while it still sends', async () => {
    // What Go's clients do: the answer counts, however much of the body is still to come.
    for (const [headers, status] of [
      [{}, 401],
      [{ Authorization: `Bearer ${await accounts.pusher.bearerFor(UPLOADS)}`, 'Content-Range': '5-9999999' }, 416],
    ] as Array<[Record<string, string>, number]>) {
      const location = await accounts.pusher.start('acme/app');
      const connection = await RawConnection.open(berth);
      await connection.send({ method: 'PATCH', path: location, headers: { ...headers, 'Content-Length': '9999995' } });
      await connection.write(Buffer.alloc(100_000));
      const answer = await connection.answer();
      expect(answer?.status).toBe(status);
      expectRefusal(answer as never);
      // and it may send the rest, and go on
      await connection.write(Buffer.alloc(9_899_995));
      await connection.send({ path: '/v2/' });
      expect((await connection.answer())?.status).toBe(401);
      connection.destroy();
    }
  });

  it('hears a refusal on a connection that is not kept, too: it is closed when the body was taken', async () => {
    const location = await accounts.pusher.start('acme/app');
    const authorization = `Bearer ${await accounts.pusher.bearerFor(UPLOADS)}`;
    const connection = await RawConnection.open(berth);
    const broken: Error[] = [];
    connection.socket.on('error', (error) => broken.push(error));
    await connection.send({
      method: 'PATCH',
      path: location,
      headers: {
        Authorization: authorization,
        Connection: 'close',
        'Content-Range': '5-9999999',
        'Content-Length': '9999995',
      },
    });
    expect((await connection.answer())?.status).toBe(416);
    await connection.write(Buffer.alloc(9_999_995));
    await connection.closed();
    expect(broken).toEqual([]);
    connection.destroy();
  });

  it('is told apart from the next request by chunks', async () => {
    const connection = await RawConnection.open(berth);
    const smuggled = `GET /v2/_catalog HTTP/1.1\r\nHost: x\r\n\r\n`;
    await connection.send({ method: 'POST', path: '/nothing', headers: { 'Transfer-Encoding': 'chunked' } });
    await connection.write(Buffer.concat([chunk(Buffer.from(smuggled)), chunk(Buffer.alloc(0))]));
    await connection.send({ path: '/v2/acme/app/foo' });
    expect([(await connection.answer())?.status, (await connection.answer())?.status]).toEqual([404, 404]);
    connection.destroy();
  });
});
