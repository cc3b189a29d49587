// Reconcile, scrub, uploads and object deletions as operators see and drive them.
import { randomBytes } from 'node:crypto';
import { mkdir, readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startAllInOne, type TestBerth } from '../support/berth.js';
import {
  type Accounts,
  collectGarbage,
  createAccounts,
  E,
  errorCode,
  image,
  operator,
  randomBlob,
  sha256,
} from '../support/client.js';

const NAME = 'acme/app';
const DAY_MS = 86_400_000;

let berth: TestBerth;
let accounts: Accounts;

beforeAll(async () => {
  berth = await startAllInOne({ BERTH_BACKUP_HORIZON: '3d' });
  accounts = await createAccounts(berth);
  await untilReconciled(1); // the first of the day comes by itself
});

afterAll(async () => {
  expect(berth.log()).not.toContain('request failed');
  await berth.stop();
});

const pathOf = (key: string) => join(berth.folder, 'objects', 'objects', key.slice(0, 2), key);
const keyOf = async (blob: Uint8Array) =>
  (await berth.sql<{ key: string }>('SELECT object_key AS key FROM blobs WHERE digest = $1', [sha256(blob)]))[0]?.key ??
  '';

async function untilReconciled(id: unknown): Promise<Record<string, unknown>> {
  for (;;) {
    const { body } = await operator(berth, 'GET', `/reconcile/runs/${id}`);
    if (body.state === 'done') return body;
    if (body.state === 'failed') throw new Error(`the comparison failed: ${body.error}`);
    await sleep(100);
  }
}

async function reconcile(body?: unknown): Promise<Record<string, unknown>> {
  const started = await operator(berth, 'POST', '/reconcile/runs', body);
  expect(started.status).toBe(202);
  return untilReconciled(started.body.id);
}

async function scrub(): Promise<Record<string, unknown>> {
  expect((await operator(berth, 'PATCH', '/scrub', { pace: 2 ** 40 })).status).toBe(200);
  const started = await operator(berth, 'POST', '/scrub/passes');
  expect(started.status).toBe(202);
  const pass = async () => (await operator(berth, 'GET', '/scrub')).body.pass as Record<string, unknown>;
  await expect.poll(async () => (await pass()).finished_at, { timeout: 120_000 }).not.toBeNull();
  return pass();
}

it('compares on request, reports what it found, and first only reports where it is told to', async () => {
  const [lost, cut] = [randomBlob(3000), randomBlob(3000)];
  await accounts.pusher.push(NAME, 'x', [lost, cut]);
  const stray = randomBytes(20).toString('hex');
  await mkdir(join(pathOf(stray), '..'), { recursive: true });
  await writeFile(pathOf(stray), 'nobody knows me');
  const uploads = join(berth.folder, 'objects', 'uploads');
  const upload = `${randomBytes(20).toString('hex')}-0b0e7c49-0000-4000-8000-000000000000`;
  await writeFile(join(uploads, upload), 'part');
  await utimes(join(uploads, upload), new Date(Date.now() - 2 * DAY_MS), new Date(Date.now() - 2 * DAY_MS));
  await rm(pathOf(await keyOf(lost)));
  await writeFile(pathOf(await keyOf(cut)), 'cut');

  const dry = await reconcile({ dry_run: true });
  const counts = {
    unknown_objects: { count: 1, bytes: 15 },
    missing_blobs: 1,
    blobs_of_wrong_size: 1,
    uploads: 1,
    stray_uploads: 1,
    findings: 4,
  };
  expect(dry).toMatchObject({ dry_run: true, requested_by: 'admin', error: null, progress: 1, ...counts });
  expect((await accounts.pusher.v2(`/v2/${NAME}/blobs/${sha256(cut)}`, { method: 'HEAD' })).status).toBe(200);
  const { findings } = (await operator(berth, 'GET', `/reconcile/runs/${dry.id}/findings?kind=missing`)).body;
  expect(findings).toMatchObject([
    {
      kind: 'missing',
      object_key: await keyOf(lost),
      digest: sha256(lost),
      size: null,
      expected_size: 3000,
      delete_at: null,
      packages: [NAME],
    },
  ]);
  expect(await readdir(uploads)).toEqual([upload]);

  const run = await reconcile();
  expect(run).toMatchObject({ dry_run: false, ...counts });
  const found = (await operator(berth, 'GET', `/reconcile/runs/${run.id}/findings`)).body;
  expect(found.next).toBeNull();
  const ofKind = new Map((found.findings as Array<{ kind: string; delete_at: string | null }>).map((f) => [f.kind, f]));
  expect([...ofKind.keys()].sort()).toEqual(['missing', 'stray_upload', 'unknown_object', 'wrong_size']);
  const deleteAt = Date.parse(ofKind.get('unknown_object')?.delete_at ?? '');
  expect(deleteAt, 'never before the backup horizon').toBeGreaterThan(Date.now() + 2.9 * DAY_MS);
  expect(await readdir(uploads), 'nobody knew it for a day').toEqual([]);
  for (const blob of [lost, cut]) {
    const answer = await accounts.pusher.v2(`/v2/${NAME}/blobs/${sha256(blob)}`);
    expect([answer.status, await errorCode(answer)]).toEqual([404, 'BLOB_UNKNOWN']);
    expect((await accounts.pusher.up(NAME, blob)).status).toBe(201);
    expect((await accounts.pusher.blob(NAME, sha256(blob))).bytes.equals(blob)).toBe(true);
  }

  const { body } = await operator(berth, 'GET', '/reconcile/runs');
  expect((body.runs as Array<{ id: number }>).map(({ id }) => id)).toEqual([run.id, dry.id, 1]);
  const waiting = (await operator(berth, 'GET', '/object-deletions')).body.deletions as Array<Record<string, unknown>>;
  expect(waiting.find(({ object_key: key }) => key === stray)).toMatchObject({ stray: true, size: 15, tries: 0 });
});

it('hashes objects anew, and takes damaged ones out of service', async () => {
  const blob = randomBlob(100_000);
  await accounts.pusher.push(NAME, 'y', [blob]);
  expect((await accounts.pusher.blob(NAME, sha256(blob))).status).toBe(200);
  const path = pathOf(await keyOf(blob));
  const bytes = await readFile(path);
  bytes[99_999] = (bytes[99_999] ?? 0) ^ 0x10;
  await writeFile(path, bytes);
  const pass = await scrub();
  expect(pass).toMatchObject({ damaged: 1, requested_by: 'admin' });
  const { blobs } = (await operator(berth, 'GET', '/scrub/damaged')).body;
  expect(blobs).toMatchObject([
    { digest: sha256(blob), size: 100_000, object_key: await keyOf(blob), damage: 'digest', packages: [NAME] },
  ]);
  expect(berth.log()).toContain('objects in storage are damaged or gone');
  expect((await accounts.pusher.v2(`/v2/${NAME}/blobs/${sha256(blob)}`)).status).toBe(404);
  expect(await readFile(path), 'the bytes stay for whoever wants to look').toEqual(bytes);
  expect((await accounts.pusher.put(NAME, 'z', image([blob]))).status).toBe(400);
  expect((await accounts.pusher.up(NAME, blob)).status).toBe(201);
  expect((await accounts.pusher.put(NAME, 'z', image([blob]))).status).toBe(201);
  expect((await operator(berth, 'GET', '/scrub/damaged')).body).toEqual({ blobs: [], next: null });
  expect((await operator(berth, 'PATCH', '/scrub', { mode: 'off', pace: 1000 })).body).toMatchObject({
    mode: 'off',
    pace: 1000,
  });
  expect((await operator(berth, 'GET', '/scrub/passes')).body).toMatchObject({ passes: [{ id: pass.id }, { id: 1 }] });
});

it('shows open uploads of everybody, the oldest first, and ends one', async () => {
  const first = await accounts.pusher.start(NAME);
  expect((await accounts.pusher.v2(first, { method: 'PATCH', body: randomBlob(2000) })).status).toBe(202);
  const second = await accounts.pusher.start('acme/other');
  const id = first.split('/').at(-1) ?? '';
  const { body } = await operator(berth, 'GET', '/uploads');
  expect(body).toMatchObject({
    uploads: [
      { id, package: NAME, login: accounts.pusher.login, state: 'open', direct: false, bytes: 2000, busy_until: null },
      { id: second.split('/').at(-1), package: 'acme/other', bytes: 0 },
    ],
    next: null,
  });
  expect((await operator(berth, 'DELETE', `/uploads/${id}`)).status).toBe(204);
  expect((await operator(berth, 'DELETE', `/uploads/${id}`)).status).toBe(404);
  expect((await accounts.pusher.v2(first)).status).toBe(404);
  expect((await accounts.pusher.v2(second)).status).toBe(204);
  const audited = await berth.sql("SELECT actor, target FROM audit_log WHERE action = 'upload.cancel'");
  expect(audited).toEqual([{ actor: 'admin', target: NAME }]);
});

it('pages through many, each once', async () => {
  await berth.sql('DELETE FROM upload_pieces');
  await berth.sql('DELETE FROM upload_sessions');
  await berth.sql(
    `INSERT INTO upload_sessions (package_id, principal, object_key, created_at, expires_at)
     SELECT (SELECT min(id) FROM packages), 'user:1', 'a' || lpad(to_hex(i), 39, '0'), now() - (i / 50) * interval '1 hour',
       now() + interval '1 day' FROM generate_series(1, 250) i`,
  );
  await berth.sql(
    `INSERT INTO object_deletions (object_key, not_before)
     SELECT 'b' || lpad(to_hex(i), 39, '0'), now() + interval '10 days' + (i / 50) * interval '0.000001 s'
     FROM generate_series(1, 250) i`,
  );
  const all = async (path: string, list: string): Promise<Array<Record<string, unknown>>> => {
    const items: Array<Record<string, unknown>> = [];
    for (let next: unknown = ''; next !== null; ) {
      const { body } = await operator(berth, 'GET', `${path}?after=${encodeURIComponent(String(next))}`);
      items.push(...(body[list] as typeof items));
      next = body.next;
    }
    return items;
  };
  const uploads = await all('/uploads', 'uploads');
  expect(new Set(uploads.map(({ id }) => id)).size).toBe(250);
  expect(uploads).toHaveLength(250);
  const created = uploads.map((upload) => String(upload.created_at));
  expect(created).toEqual(created.toSorted());
  const deletions = (await all('/object-deletions', 'deletions')).filter(({ object_key: key }) =>
    String(key).startsWith(`b${'0'.repeat(30)}`),
  );
  expect(new Set(deletions.map(({ object_key: key }) => key)).size).toBe(250);
  expect(deletions).toHaveLength(250);
  await berth.sql('DELETE FROM upload_sessions');
});

it('shows deletions that fail, and tries them again when it is told to', async () => {
  const blob = randomBlob(1000);
  await accounts.pusher.up('acme/gone', blob);
  const key = await keyOf(blob);
  const sibling = join(pathOf(key), 'x');
  await collectGarbage(berth);
  // Its time comes, and the store cannot: a folder is in the way.
  await rm(pathOf(key));
  await mkdir(sibling, { recursive: true });
  await berth.sql('UPDATE object_deletions SET not_before = now() WHERE object_key = $1', [key]);
  const rowOf = async () =>
    ((await operator(berth, 'GET', '/object-deletions')).body.deletions as Array<Record<string, unknown>>).find(
      ({ object_key: of }) => of === key,
    );
  await expect.poll(async () => (await rowOf())?.tries, { timeout: 120_000 }).toBe(1);
  expect(await rowOf()).toMatchObject({ size: 1000, stray: false, repeat: false, tried_at: expect.any(String) });
  await rm(pathOf(key), { recursive: true });
  expect((await operator(berth, 'POST', '/object-deletions/retry', { object_key: 'f'.repeat(40) })).body).toEqual({
    retried: 0,
  });
  expect((await operator(berth, 'POST', '/object-deletions/retry', { object_key: key })).body).toEqual({ retried: 1 });
  await expect.poll(rowOf, { timeout: 120_000 }).toBeUndefined();
}, 300_000);

it('refuses what it cannot read, and never fails at it', async () => {
  for (const [method, path, body] of [
    ['POST', '/reconcile/runs', { dry: true }],
    ['POST', '/reconcile/runs', { dry_run: 'yes' }],
    ['PATCH', '/scrub', { mode: 'paused' }],
    ['PATCH', '/scrub', { pace: 0 }],
    ['PATCH', '/scrub', { pace: 1.5 }],
    ['PATCH', '/scrub', { pace: 2 ** 53 }],
    ['POST', '/object-deletions/retry', { object_key: '' }],
    ['POST', '/object-deletions/retry', []],
    ['GET', '/reconcile/runs/1/findings?kind=other', undefined],
  ] as const) {
    expect([path, body, (await operator(berth, method, path, body)).status]).toEqual([path, body, 400]);
  }
  for (const [method, path] of [
    ['GET', '/reconcile/runs/0'],
    ['GET', '/reconcile/runs/x'],
    ['GET', '/reconcile/runs/99999999999999999999/findings'],
    ['DELETE', '/uploads/x'],
    ['DELETE', `/uploads/${'-'.repeat(36)}`],
    ['DELETE', '/uploads/00000000-0000-0000-0000-000000000000'],
  ] as const) {
    expect([path, (await operator(berth, method, path)).status]).toEqual([path, 404]);
  }
  const odd = [
    'x',
    '9'.repeat(40),
    '1|x',
    '9999999999999999|00000000-0000-0000-0000-000000000000',
    '1|%00',
    '-1|a',
    "'",
  ];
  for (const list of [
    'reconcile/runs',
    'reconcile/runs/1/findings',
    'scrub/passes',
    'scrub/damaged',
    'uploads',
    'object-deletions',
  ]) {
    for (const after of odd) expect((await operator(berth, 'GET', `/${list}?after=${after}`)).status).toBe(200);
    const headers = accounts.pusher.basic;
    expect((await fetch(`${berth.url}/admin/v1/${list}`, { headers })).status).toBe(403);
    expect((await fetch(`${berth.url}/admin/v1/${list}`)).status).toBe(401);
  }
  expect((await operator(berth, 'POST', '/object-deletions/retry', { object_key: 'a\0b' })).status).toBe(400);
});

it('keeps serving what is whole meanwhile', async () => {
  await accounts.pusher.push(NAME, 'end', [randomBlob(500)]);
  expect((await accounts.pusher.blob(NAME, sha256(E))).status).toBe(200);
});
