import { afterAll, expect, it } from 'vitest';
import type { TestBerth } from './berth.js';
import type { Accounts } from './client.js';
import { type RawAnswer, RawConnection, type RawRequest } from './raw.js';

/** One request of a table, and what must come back. */
export interface Row extends RawRequest {
  /** Number in the table of bad inputs (reliability.md section 3). */
  row: number;
  what: string;
  /** Whose bearer token goes along: the owner's unless said. A header of its own wins. */
  as?: keyof Accounts;
  status: number | number[];
  code?: string | string[] | undefined;
  /** The refusal may change what is stored: say why in `what`. */
  isChange?: boolean;
  check?: (answer: RawAnswer) => void | Promise<void>;
}

interface Setting {
  berth: TestBerth;
  accounts: Accounts;
}

/** Slow machines included; the documents ask for less than a second. */
const SLOW_MS = 5000;

/**
 * A test for each row. Beside the row's own demands it holds for every refusal: an error body in the specification's form
 * with one of its codes (none for HEAD), nothing of Berth's inside in it, nothing changed, the connection as good as before.
 */
export function testRows(setting: () => Setting, rows: Row[] | (() => Row[])): void {
  const all = typeof rows === 'function' ? rows() : rows;
  it.each(all.map((row) => [`${row.row}: ${row.what}`, row] as const))('%s', async (_, row) => {
    await checkRow(setting(), row);
  });
  afterAll(async () => {
    const { berth } = setting();
    expect((await fetch(`${berth.url}/v2/`)).status, 'the process is alive').toBe(401);
    expect(berth.log()).not.toContain('request failed');
  });
}

export async function checkRow(setting: Setting, row: Row): Promise<RawAnswer> {
  const before = row.isChange ? undefined : await stateOf(setting.berth);
  const began = Date.now();
  const { answer, isReusable } = await exchangeTwice(setting, row);
  expect(Date.now() - began).toBeLessThan(SLOW_MS);
  const text = answer.body.toString('utf8');
  expect({ status: answer.status, body: text }, row.what).toEqual({
    status: Array.isArray(row.status) && row.status.includes(answer.status) ? answer.status : [row.status].flat()[0],
    body: text,
  });
  if (answer.status >= 400) {
    expectRefusal(answer, row.method);
    if (row.code && row.method !== 'HEAD') expect([row.code].flat()).toContain(codeOf(answer));
    if (before) expect(await stateOf(setting.berth), 'a refusal changes nothing').toEqual(before);
    expect(isReusable || answer.headers.connection === 'close', 'the connection is used on, or said to end').toBe(true);
  }
  await row.check?.(answer);
  return answer;
}

/** The row's request, and another one on the same connection: an answer must leave the connection in step. */
async function exchangeTwice({ berth, accounts }: Setting, row: Row) {
  const connection = await RawConnection.open(berth);
  try {
    await connection.send({ ...row, headers: await withCredentials(accounts, row) });
    const answer = await connection.answer(row.method);
    if (!answer) throw new Error('the connection ended without an answer');
    await connection.send({ path: '/v2/' });
    const next = await connection.answer();
    return { answer, isReusable: next?.status === 401 };
  } finally {
    connection.destroy();
  }
}

async function withCredentials(accounts: Accounts, row: Row): Promise<Array<[string, string]>> {
  const { headers = {}, as = 'pusher', path = '/' } = row;
  const pairs = Array.isArray(headers) ? headers : Object.entries(headers);
  const hasOwn = pairs.some(([name]) => name.toLowerCase() === 'authorization');
  if (hasOwn || accounts[as].token === undefined) return pairs;
  return [['Authorization', `Bearer ${await accounts[as].bearerFor(path)}`], ...pairs];
}

const CODES = new Set([
  'BLOB_UNKNOWN',
  'BLOB_UPLOAD_INVALID',
  'BLOB_UPLOAD_UNKNOWN',
  'DIGEST_INVALID',
  'MANIFEST_BLOB_UNKNOWN',
  'MANIFEST_INVALID',
  'MANIFEST_UNKNOWN',
  'NAME_INVALID',
  'NAME_UNKNOWN',
  'SIZE_INVALID',
  'UNAUTHORIZED',
  'DENIED',
  'UNSUPPORTED',
  'TOOMANYREQUESTS',
]);

/** What every refusal under /v2 and /token must be like. */
export function expectRefusal(answer: RawAnswer, method = 'GET'): void {
  expect(answer.status).toBeLessThan(500);
  expect(answer.headers['content-type']).toMatch(/^application\/json/);
  expect(answer.headers['x-request-id']).toMatch(/^[0-9a-f-]{36}$/);
  if (method === 'HEAD') {
    expect(answer.body.length).toBe(0);
    return;
  }
  const text = answer.body.toString('utf8');
  const { errors } = JSON.parse(text) as { errors: Array<{ code: string; message: string }> };
  expect(errors.length).toBeGreaterThan(0);
  for (const { code, message } of errors) {
    expect(CODES).toContain(code);
    expect(message).not.toBe('');
  }
  expect(text).not.toMatch(/node_modules|\bat .*\.[jt]s:|prisma|postgres|SELECT /i);
}

export function codeOf(answer: RawAnswer): string | undefined {
  return (JSON.parse(answer.body.toString('utf8')) as { errors: Array<{ code: string }> }).errors[0]?.code;
}

/** Everything that clients can change, in a few numbers and hashes. */
export async function stateOf(berth: TestBerth): Promise<Record<string, unknown>> {
  const [state] = await berth.sql(`
    SELECT (SELECT count(*) FROM packages) AS packages,
      (SELECT string_agg(full_name, ' ' ORDER BY full_name) FROM package_names) AS names,
      (SELECT string_agg(visibility, ' ' ORDER BY id) FROM packages) AS visibility,
      (SELECT count(*) FROM manifests WHERE deleted_at IS NULL) AS manifests,
      (SELECT md5(string_agg(concat_ws(' ', package_id, name, manifest_id), ',' ORDER BY package_id, name)) FROM tags) AS tags,
      (SELECT count(*) FROM blobs) AS blobs, (SELECT count(*) FROM package_blobs) AS links,
      (SELECT md5(string_agg(concat_ws(' ', id, state, "offset"), ',' ORDER BY id)) FROM upload_sessions
        WHERE expires_at > now()) AS uploads,
      (SELECT count(*) FROM users) AS users, (SELECT count(*) FROM namespaces) AS namespaces,
      (SELECT count(*) FROM access_tokens WHERE revoked_at IS NULL) AS tokens`);
  return state ?? {};
}
