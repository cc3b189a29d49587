// Blob uploads: rows 79 to 117 of the table of bad inputs.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startBerth, type TestBerth } from '../../support/berth.js';
import { type Accounts, createAccounts, E, randomBlob, sha256, sha512, Z } from '../../support/client.js';
import { chunk, type RawAnswer, RawConnection } from '../../support/raw.js';
import { checkRow, codeOf, type Row, testRows } from '../../support/rows.js';

const UPLOADS = '/v2/acme/app/blobs/uploads/';
const HELD = randomBlob();
const ABSENT = sha256(randomBlob());
const PRIVATE = randomBlob();
const MIB = 1024 * 1024;

let berth: TestBerth;
let accounts: Accounts;
const setting = () => ({ berth, accounts });

beforeAll(async () => {
  berth = await startBerth();
  accounts = await createAccounts(berth);
  await accounts.pusher.push('acme/app', '1', [HELD]);
  await accounts.stranger.up('other/app', PRIVATE);
});

afterAll(async () => {
  await berth.stop();
});

/** The fitting bearer token, for requests that a test writes itself. */
const authorized = async (path = UPLOADS) => ({ Authorization: `Bearer ${await accounts.pusher.bearerFor(path)}` });
const start = () => accounts.pusher.start('acme/app');
const offsetOf = async (location: string): Promise<string | null> => {
  const answer = await accounts.pusher.v2(location);
  expect(answer.status).toBe(204);
  return answer.headers.get('range');
};
const patch = (location: string, bytes: Uint8Array, headers: Record<string, string> = {}) =>
  accounts.pusher.v2(location, { method: 'PATCH', body: bytes, headers });

/** One row in an upload that is opened for it and holds 10 bytes. */
async function inUpload(row: Omit<Row, 'path'> & { query?: string }, held = Buffer.alloc(10, 'a')): Promise<string> {
  const location = await start();
  if (held.length > 0) expect((await patch(location, held)).status).toBe(202);
  await checkRow(setting(), { ...row, path: location + (row.query ?? '') });
  return location;
}

describe('POST', () => {
  const body = randomBlob();
  const post = (row: number, what: string, query: string, rest: Partial<Row> = {}): Row => ({
    row,
    what,
    method: 'POST',
    path: UPLOADS + query,
    status: 202,
    ...rest,
  });
  const refused: Partial<Row> = { status: 400, code: 'DIGEST_INVALID' };
  testRows(setting, [
    post(79, 'whole body', `?digest=${sha256(body)}`, { body, status: 201 }),
    post(79, 'whole body by sha512', `?digest=${sha512(body)}`, { body, status: 201 }),
    post(79, 'nothing', `?digest=${sha256(Z)}`, { body: Z, status: 201 }),
    post(80, 'wrong digest', `?digest=${ABSENT}`, { body, ...refused, isChange: true }),
    post(81, 'two digests', `?digest=${sha256(body)}&digest=${ABSENT}`, { body, ...refused }),
    post(81, 'no digest behind it', '?digest=', { body, ...refused }),
    post(82, 'as text', `?digest=${sha256(E)}`, { body: E, headers: { 'Content-Type': 'text/plain' }, status: 201 }),
    ...['md5', '', 'sha1', 'SHA256', 'x'.repeat(1000)].map((algorithm) =>
      post(83, `algorithm ${algorithm.slice(0, 8)}`, `?digest-algorithm=${algorithm}`, refused),
    ),
    ...['sha256', 'sha512'].map((algorithm) => post(83, `algorithm ${algorithm}`, `?digest-algorithm=${algorithm}`)),
    post(85, 'mount of an absent blob', `?mount=${ABSENT}&from=acme/app`),
    ...['x', '', 'sha256:abc', `sha256:${'A'.repeat(64)}`, '../../x', `md5:${'a'.repeat(32)}`].map((digest) =>
      post(85, `mount of ${digest.slice(0, 12)}`, `?mount=${digest}&from=acme/app`, { ...refused, status: [400, 202] }),
    ),
    post(86, 'mount from itself', `?mount=${sha256(HELD)}&from=acme/app`, { status: [201, 202] }),
    post(86, 'mount from an absent repository', `?mount=${sha256(HELD)}&from=acme/none`),
    ...['../../x', '', 'a//b', '%00', 'Acme/App'].map((from) =>
      post(86, `mount from ${JSON.stringify(from)}`, `?mount=${sha256(HELD)}&from=${from}`, { status: [202, 400] }),
    ),
    post(87, 'mount without from, of a blob that only others hold', `?mount=${sha256(PRIVATE)}`),
    post(87, 'mount from where the caller may not look', `?mount=${sha256(PRIVATE)}&from=other/app`),
    post(88, 'from without mount', '?from=acme/app'),
  ]);
});

describe('sessions', () => {
  const unknown: Partial<Row> = { status: 404, code: 'BLOB_UPLOAD_UNKNOWN' };
  const NIL = '00000000-0000-0000-0000-000000000000';
  const methods = ['GET', 'PATCH', 'PUT', 'DELETE'];
  const each = (row: number, what: string, path: string, rest: Partial<Row> = {}): Row[] =>
    methods.map((method) => ({
      row,
      what: `${method} ${what}`,
      method,
      path: method === 'PUT' ? `${path}?digest=${sha256(E)}` : path,
      ...(method !== 'GET' && { body: method === 'DELETE' ? '' : E }),
      ...unknown,
      ...rest,
    })) as Row[];

  testRows(setting, [
    ...each(89, 'an unknown session', UPLOADS + NIL),
    ...[
      'x',
      NIL.toUpperCase().replace('0000', 'ABCD'),
      `${NIL}x`,
      "'; DROP TABLE users",
      '%00',
      '..%2f..',
      'a'.repeat(4000),
    ].flatMap((id) =>
      each(89, `session ${id.slice(0, 12)}`, UPLOADS + encodeURI(decodeURIComponent(id)).replace('/', '%2F'), {
        status: [400, 404],
      }),
    ),
    ...each(89, 'a session of an absent repository', `/v2/acme/none/blobs/uploads/${NIL}`),
  ]);

  it.each(methods)('91: %s of another repository or another user', async (method) => {
    const location = await start();
    await patch(location, Buffer.alloc(10, 'a'));
    await accounts.pusher.up('acme/second', E);
    const id = location.split('/').at(-1);
    const common = { method, body: method === 'GET' || method === 'DELETE' ? undefined : E } as const;
    const query = method === 'PUT' ? `?digest=${sha256(E)}` : '';
    await checkRow(setting(), {
      row: 91,
      what: 'other repository',
      path: `/v2/acme/second/blobs/uploads/${id}${query}`,
      ...common,
      ...unknown,
    } as Row);
    await checkRow(setting(), {
      row: 91,
      what: 'own repository of a stranger',
      as: 'stranger',
      path: `/v2/other/app/blobs/uploads/${id}${query}`,
      ...common,
      ...unknown,
    } as Row);
    await checkRow(setting(), {
      row: 91,
      what: 'the raw Location, by a stranger',
      as: 'stranger',
      path: `${location}${query}`,
      ...common,
      status: 403,
      code: 'DENIED',
    } as Row);
    // The administrator may push here, and yet a session is the one's who opened it.
    const admin = { ...accounts, stranger: accounts.admin };
    await checkRow({ berth, accounts: admin }, {
      row: 91,
      what: 'the raw Location, by who may push too',
      as: 'stranger',
      path: `${location}${query}`,
      ...common,
      ...unknown,
    } as Row);
    expect(await offsetOf(location)).toBe('0-9');
    const whole = Buffer.alloc(10, 'a');
    expect((await accounts.pusher.v2(`${location}?digest=${sha256(whole)}`, { method: 'PUT' })).status).toBe(201);
  });

  it('92: needs no state in the URL and minds none', async () => {
    const location = await inUpload({ row: 92, what: 'tampered _state', query: '?_state=evil', status: 204 });
    expect(await offsetOf(location)).toBe('0-9');
  });

  it('93: knows a finished session no more, but for the same PUT', async () => {
    const bytes = randomBlob();
    const location = await start();
    const put = `${location}?digest=${sha256(bytes)}`;
    expect((await accounts.pusher.v2(put, { method: 'PUT', body: bytes })).status).toBe(201);
    await checkRow(setting(), { row: 93, what: 'the same PUT again', method: 'PUT', path: put, status: 201 });
    for (const row of each(93, 'finished', location)) await checkRow(setting(), row);
  });

  it.each(['cancelled', 'expired'])('94: knows a %s session no more', async (how) => {
    const location = await start();
    const id = location.split('/').at(-1);
    if (how === 'cancelled') expect((await accounts.pusher.v2(location, { method: 'DELETE' })).status).toBe(204);
    else await berth.sql(`UPDATE upload_sessions SET expires_at = now() - interval '1s' WHERE id = $1`, [id]);
    for (const row of each(94, how, location)) await checkRow(setting(), row);
  });

  it('115: shows nothing to anybody without credentials', async () => {
    const location = await start();
    await checkRow(setting(), {
      row: 115,
      what: 'GET',
      as: 'anonymous',
      path: location,
      status: 401,
      code: 'UNAUTHORIZED',
    });
  });

  it('116: is cancelled once', async () => {
    const location = await start();
    const row: Row = { row: 116, what: 'DELETE', method: 'DELETE', path: location, status: 204 };
    const answer = await checkRow(setting(), row);
    expect(answer.headers['content-length']).toBeUndefined();
    await checkRow(setting(), { ...row, ...unknown });
  });

  it('117: ends under a PATCH that runs', async () => {
    const location = await start();
    const connection = await RawConnection.open(berth);
    const headers = { ...(await authorized()), 'Transfer-Encoding': 'chunked' };
    await connection.send({ method: 'PATCH', path: location, headers });
    await connection.write(chunk(randomBlob(MIB)));
    await untilBusy(location);
    expect((await accounts.pusher.v2(location, { method: 'DELETE' })).status).toBe(204);
    await connection.write(Buffer.concat([chunk(randomBlob(9 * MIB)), chunk(Z)]));
    const answer = await connection.answer();
    expect([answer?.status, codeOf(answer as RawAnswer)]).toEqual([404, 'BLOB_UPLOAD_UNKNOWN']);
    connection.destroy();
    expect((await accounts.pusher.v2(location)).status).toBe(404);
  });
});

/** Waits until a request has taken the session. */
async function untilBusy(location: string): Promise<void> {
  const id = location.split('/').at(-1);
  await expect
    .poll(async () => (await berth.sql(`SELECT 1 FROM upload_sessions WHERE id = $1 AND generation > 0`, [id])).length)
    .toBe(1);
}

describe('PATCH', () => {
  const ten = Buffer.alloc(10, 'b');
  const ranged = (range: string): Record<string, string> => ({ 'Content-Range': range });

  it.each([
    ['first chunk 5-9', '5-9', 416],
    ['in front of the end', '0-9', 416],
    ['behind the end', '11-20', 416],
    ['a unit and a total', 'bytes 10-19/20', 400],
    ['only a unit', 'bytes 10-19', 400],
    ['backwards', '19-10', 400],
    ['open at its end', '10-', 400],
    ['open at its start', '-19', 400],
    ['letters', 'a-b', 400],
    ['beyond all numbers', '10-99999999999999999999', 400],
    ['beyond whole numbers', '10-9007199254740993', 400],
    ['a sign', '+10-19', 400],
    ['empty', '', 400],
    ['a space', '10 - 19', 400],
    ['a star', '*', 400],
  ])('95, 97, 98: Content-Range %s', async (what, range, status) => {
    const location = await inUpload({
      row: 98,
      what,
      method: 'PATCH',
      body: ten,
      headers: ranged(range),
      status: [status, 416, 400],
      code: ['BLOB_UPLOAD_INVALID', 'SIZE_INVALID'],
    });
    expect(await offsetOf(location)).toBe('0-9');
    expect((await patch(location, ten, ranged('10-19'))).headers.get('range')).toBe('0-19');
  });

  it('95: an empty session takes no later chunk', async () => {
    const location = await inUpload(
      {
        row: 95,
        what: 'first chunk 5-9',
        method: 'PATCH',
        body: E,
        headers: ranged('5-6'),
        status: 416,
        code: 'BLOB_UPLOAD_INVALID',
      },
      Z,
    );
    expect(await offsetOf(location)).toBe('0-0');
  });

  it('99: Content-Range of another length than Content-Length', async () => {
    const location = await inUpload({
      row: 99,
      what: 'too long',
      method: 'PATCH',
      body: ten,
      headers: ranged('10-20'),
      status: 400,
      code: 'SIZE_INVALID',
    });
    await checkRow(setting(), {
      row: 99,
      what: 'too short',
      method: 'PATCH',
      path: location,
      body: ten,
      headers: ranged('10-18'),
      status: 400,
      code: 'SIZE_INVALID',
    });
    for (const bytes of [ten.subarray(1), Buffer.concat([ten, E])]) {
      const headers = { ...ranged('10-19'), 'Transfer-Encoding': 'chunked' };
      const body = Buffer.concat([chunk(bytes), chunk(Z)]);
      await checkRow(setting(), {
        row: 99,
        what: `${bytes.length} chunked`,
        method: 'PATCH',
        path: location,
        body,
        headers,
        status: 400,
        code: 'SIZE_INVALID',
        isChange: true,
      });
      expect(await offsetOf(location)).toBe('0-9');
    }
    expect((await patch(location, ten, ranged('10-19'))).status).toBe(202);
  });

  it('100: a body that ends early, by FIN', async () => {
    const location = await start();
    const connection = await RawConnection.open(berth);
    await connection.send({
      method: 'PATCH',
      path: location,
      headers: { ...(await authorized()), 'Content-Length': '1000' },
    });
    await connection.write(ten);
    connection.socket.end();
    const answer = await connection.answer();
    expect(answer === undefined || answer.status === 400).toBe(true);
    await connection.closed();
    expect(await offsetOf(location)).toBe('0-0');
    expect((await patch(location, ten)).headers.get('range')).toBe('0-9');
  });

  it('100: a chunked body that ends early', async () => {
    const location = await start();
    const connection = await RawConnection.open(berth);
    await connection.send({
      method: 'PATCH',
      path: location,
      headers: { ...(await authorized()), 'Transfer-Encoding': 'chunked' },
    });
    await connection.write('a\r\n0123');
    connection.socket.end();
    await connection.closed();
    expect(await offsetOf(location)).toBe('0-0');
  });

  it('101: chunked, without a length or a range', async () => {
    const bytes = randomBlob(300_000);
    const location = await start();
    const body = Buffer.concat([chunk(bytes.subarray(0, 1)), chunk(bytes.subarray(1)), chunk(Z)]);
    await checkRow(setting(), {
      row: 101,
      what: 'chunked',
      method: 'PATCH',
      path: location,
      body,
      headers: { 'Transfer-Encoding': 'chunked' },
      status: 202,
    });
    expect((await accounts.pusher.v2(`${location}?digest=${sha256(bytes)}`, { method: 'PUT' })).status).toBe(201);
    expect((await accounts.pusher.blob('acme/app', sha256(bytes))).bytes.equals(bytes)).toBe(true);
  });

  it('103: two Content-Range headers', async () => {
    const location = await start();
    const headers: Array<[string, string]> = [
      ['Content-Range', '0-9'],
      ['Content-Range', '0-9'],
    ];
    await checkRow(setting(), {
      row: 103,
      what: 'two',
      method: 'PATCH',
      path: location,
      body: ten,
      headers,
      status: 400,
      code: 'BLOB_UPLOAD_INVALID',
    });
  });

  it.each(['application/json', 'text/plain', 'multipart/form-data', 'application/x-www-form-urlencoded'])(
    '104: Content-Type %j',
    async (type) => {
      const location = await inUpload({
        row: 104,
        what: type,
        method: 'PATCH',
        body: E,
        headers: { 'Content-Type': type },
        status: 202,
      });
      expect(await offsetOf(location)).toBe('0-11');
    },
  );

  it('105, 113: chunks below the least length', async () => {
    const location = await start();
    const connection = await RawConnection.open(berth);
    const headers = await authorized();
    const bytes = randomBlob(1001);
    for (let i = 0; i < bytes.length; i++) {
      await connection.send({
        method: 'PATCH',
        path: location,
        headers: { ...headers, 'Content-Range': `${i}-${i}` },
        body: bytes.subarray(i, i + 1),
      });
      const answer = await connection.answer();
      expect([answer?.status, answer?.headers.range]).toEqual([202, `0-${i}`]);
    }
    connection.destroy();
    expect((await accounts.pusher.v2(`${location}?digest=${sha256(bytes)}`, { method: 'PUT' })).status).toBe(201);
    expect((await accounts.pusher.blob('acme/app', sha256(bytes))).bytes.equals(bytes)).toBe(true);
  }, 120_000);

  it('106: no bytes', async () => {
    const location = await start();
    await checkRow(setting(), {
      row: 106,
      what: 'empty',
      method: 'PATCH',
      path: location,
      body: Z,
      status: 202,
      check: ({ headers }) => expect(headers.range).toBe('0-0'),
    });
    expect((await accounts.pusher.v2(`${location}?digest=${sha256(Z)}`, { method: 'PUT' })).status).toBe(201);
  });
});

describe('PUT', () => {
  const ten = Buffer.alloc(10, 'a');

  it.each([
    '',
    '?digest=',
    '?digest=x',
    `?digest=md5:${'a'.repeat(32)}`,
    `?digest=${sha256(ten)}&digest=${sha256(ten)}`,
    '?Digest=x',
  ])('107: without a digest: %j', async (query) => {
    const location = await inUpload({
      row: 107,
      what: query,
      method: 'PUT',
      query,
      status: 400,
      code: 'DIGEST_INVALID',
    });
    expect(
      (await accounts.pusher.v2(`${location}?digest=${sha256(ten)}`, { method: 'PUT' })).status,
      'the session stays',
    ).toBe(201);
  });

  it.each([
    ['PUT alone', Z, ten],
    ['PATCH alone', ten, Z],
    ['both', ten, ten],
  ])('109: a digest of other bytes, sent by %s', async (what, patched, last) => {
    const location = await inUpload(
      {
        row: 109,
        what,
        method: 'PUT',
        query: `?digest=${ABSENT}`,
        body: last,
        status: 400,
        code: 'DIGEST_INVALID',
        isChange: true,
      },
      patched,
    );
    expect((await accounts.pusher.v2(location)).status, 'the session is over').toBe(404);
    expect((await accounts.pusher.blob('acme/app', ABSENT)).status).toBe(404);
  });

  it('110: a blob of no bytes', async () => {
    expect((await accounts.pusher.up('acme/app', Z)).status).toBe(201);
    expect(await accounts.pusher.blob('acme/app', sha256(Z))).toEqual({ status: 200, bytes: Z });
  });

  it('111: the digest of no bytes, with bytes', async () => {
    await inUpload(
      {
        row: 111,
        what: 'with bytes',
        method: 'PUT',
        query: `?digest=${sha256(Z)}`,
        body: ten,
        status: 400,
        code: 'DIGEST_INVALID',
        isChange: true,
      },
      Z,
    );
  });

  it('111: bytes, with no bytes for their digest', async () => {
    await inUpload(
      {
        row: 111,
        what: 'without bytes',
        method: 'PUT',
        query: `?digest=${sha256(ten)}`,
        body: Z,
        status: 400,
        code: 'DIGEST_INVALID',
        isChange: true,
      },
      Z,
    );
  });

  it('416 for a closing chunk at the wrong place keeps the session', async () => {
    const location = await inUpload({
      row: 95,
      what: 'PUT 20-29',
      method: 'PUT',
      query: `?digest=${ABSENT}`,
      body: ten,
      headers: { 'Content-Range': '20-29' },
      status: 416,
      code: 'BLOB_UPLOAD_INVALID',
    });
    expect(await offsetOf(location)).toBe('0-9');
  });
});

describe('112: BERTH_MAX_BLOB_SIZE', () => {
  let bounded: TestBerth;
  let own: Accounts;
  const limit = 10 * MIB;

  beforeAll(async () => {
    bounded = await startBerth({ BERTH_MAX_BLOB_SIZE: '10m' });
    own = await createAccounts(bounded);
  });

  afterAll(async () => {
    await bounded.stop();
  });

  it('takes a blob of just that size', async () => {
    expect((await own.pusher.up('acme/app', Buffer.alloc(limit))).status).toBe(201);
  });

  it.each(['PATCH', 'PUT', 'POST'])('refuses %s with a larger Content-Length before reading it', async (method) => {
    const location = method === 'POST' ? UPLOADS : await own.pusher.start('acme/app');
    const connection = await RawConnection.open(bounded);
    const headers = {
      Authorization: `Bearer ${await own.pusher.bearerFor(UPLOADS)}`,
      'Content-Length': String(limit + 1),
    };
    await connection.send({ method, path: `${location}?digest=${ABSENT}`, headers });
    const answer = (await connection.answer()) as RawAnswer;
    expect([answer.status, codeOf(answer)]).toEqual([413, 'SIZE_INVALID']);
    connection.destroy();
  });

  it.each(['PATCH', 'PUT'])(
    'refuses %s once it has more, and takes the rest of the body off the connection',
    async (method) => {
      const location = await own.pusher.start('acme/app');
      const connection = await RawConnection.open(bounded);
      const headers = {
        Authorization: `Bearer ${await own.pusher.bearerFor(UPLOADS)}`,
        'Transfer-Encoding': 'chunked',
      };
      await connection.send({ method, path: `${location}?digest=${ABSENT}`, headers });
      await connection.write(Buffer.concat([chunk(Buffer.alloc(limit)), chunk(E)]));
      const answer = (await connection.answer()) as RawAnswer;
      expect([answer.status, codeOf(answer)]).toEqual([413, 'SIZE_INVALID']);
      for (let i = 0; i < 20; i++) await connection.write(chunk(Buffer.alloc(MIB)));
      await connection.write(chunk(Z));
      await connection.send({ path: '/v2/' });
      expect((await connection.answer())?.status).toBe(401);
      connection.destroy();
    },
  );

  it('refuses the chunk that goes past it', async () => {
    const location = await own.pusher.start('acme/app');
    const first = await own.pusher.v2(location, { method: 'PATCH', body: Buffer.alloc(limit - 1) });
    expect(first.status).toBe(202);
    const second = await own.pusher.v2(location, { method: 'PATCH', body: E });
    expect(second.status).toBe(413);
    expect((await own.pusher.v2(location)).headers.get('range')).toBe(`0-${limit - 2}`);
  });
});
