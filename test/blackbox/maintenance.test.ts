// Read-only mode: switched on one process, it acts on the next request of another.
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startAllInOne, type TestBerth } from '../support/berth.js';
import { type Accounts, collectGarbage, createAccounts, operator, randomBlob } from '../support/client.js';
import { rest } from '../support/rest.js';

let berth: TestBerth;
/** On the same database. */
let other: TestBerth;
let accounts: Accounts;

beforeAll(async () => {
  berth = await startAllInOne();
  other = await startAllInOne({ BERTH_DATABASE_URL: berth.databaseUrl });
  accounts = await createAccounts(berth);
  await accounts.pusher.push('acme/app', '1');
});

afterAll(async () => {
  await other?.stop();
  await berth?.stop();
});

const MESSAGE = 'moving to new disks until 22:00';
const OFF = { read_only: false, message: null, by_setting: false };

it('is off at first', async () => {
  const { status, body } = await operator(berth, 'GET', '/maintenance');
  expect([status, body]).toEqual([200, { ...OFF, changed_by: null, changed_at: expect.any(String) }]);
});

it('refuses every write with its message, on every gateway at once; pulls and collection go on', async () => {
  const pusher = accounts.pusher.at(other);
  const { status, body } = await operator(berth, 'PATCH', '/maintenance', { read_only: true, message: MESSAGE });
  expect([status, body]).toMatchObject([200, { read_only: true, message: MESSAGE, changed_by: 'admin' }]);
  for (const [method, path] of [
    ['POST', '/v2/acme/app/blobs/uploads/'],
    ['PUT', '/v2/acme/app/manifests/2'],
    ['DELETE', '/v2/acme/app/manifests/1'],
  ] as const) {
    const answer = await pusher.v2(path, { method });
    expect([path, answer.status, await answer.json()]).toEqual([
      path,
      405,
      { errors: [{ code: 'UNSUPPORTED', message: MESSAGE, detail: { reason: MESSAGE } }] },
    ]);
  }
  const settings = '/orgs/acme/packages/container/app/settings';
  const change = await rest(other, accounts.pusher.token, settings, { method: 'PATCH', body: {} });
  expect([change.status, change.body.message]).toEqual([403, MESSAGE]);
  expect((await rest(other, accounts.pusher.token, settings)).status).toBe(200);
  expect((await pusher.v2('/v2/acme/app/manifests/1')).status).toBe(200);
  const run = await collectGarbage(berth);
  expect(run).toMatchObject({ state: 'done', step: run.steps, doing: 'objects' });
});

it('keeps words of its own where the operator has none', async () => {
  await operator(other, 'PATCH', '/maintenance', { read_only: true });
  const answer = await accounts.pusher.v2('/v2/acme/app/blobs/uploads/', { method: 'POST' });
  expect(await answer.json()).toMatchObject({ errors: [{ detail: { reason: 'this registry is read-only now' } }] });
});

it('ends, and is in the audit log', async () => {
  expect((await operator(other, 'PATCH', '/maintenance', { read_only: false })).body).toMatchObject(OFF);
  expect((await accounts.pusher.up('acme/app', randomBlob())).status).toBe(201);
  const { body } = await operator(berth, 'GET', '/audit-log');
  const actions = (body as unknown as Array<{ action: string }>).map(({ action }) => action);
  expect(actions.filter((action) => action.startsWith('maintenance.'))).toEqual([
    'maintenance.off',
    'maintenance.on',
    'maintenance.on',
  ]);
});

it('refuses what it cannot read', async () => {
  for (const body of [
    {},
    { read_only: 'on' },
    { read_only: true, message: '' },
    { read_only: true, message: 'a\nb' },
  ]) {
    expect((await operator(berth, 'PATCH', '/maintenance', body)).status).toBe(400);
  }
  const message = 'x'.repeat(501);
  expect((await operator(berth, 'PATCH', '/maintenance', { read_only: true, message })).status).toBe(400);
  expect((await operator(berth, 'GET', '/maintenance')).body).toMatchObject(OFF);
});
