// Garbage collection as operators drive it.
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startBerth, type TestBerth } from '../support/berth.js';
import { type Accounts, collectGarbage, createAccounts, E, operator, randomBlob, sha256 } from '../support/client.js';

const NAME = 'acme/app';

let berth: TestBerth;
let accounts: Accounts;

beforeAll(async () => {
  berth = await startBerth();
  accounts = await createAccounts(berth);
});

afterAll(async () => {
  expect(berth.log()).not.toContain('request failed');
  await berth.stop();
});

const stateOf = async (id: unknown) => (await operator(berth, 'GET', `/gc/runs/${id}`)).body.state;
const objects = async () =>
  (await readdir(join(berth.folder, 'objects', 'objects'), { recursive: true, withFileTypes: true })).filter((entry) =>
    entry.isFile(),
  ).length;

it('tells what a dry run would take, and takes nothing', async () => {
  const blob = randomBlob(5000);
  await accounts.pusher.up(NAME, blob);
  const dry = await collectGarbage(berth, { grace: '0s', dry_run: true });
  expect(dry).toMatchObject({ dry_run: true, grace: 0, error: null, counts: { links: { count: 1 } } });
  expect((await accounts.pusher.blob(NAME, sha256(blob))).status).toBe(200);
  const kept = await collectGarbage(berth, {});
  expect(kept.counts.links?.count, 'within BERTH_GC_GRACE').toBe(0);
  const run = await collectGarbage(berth);
  expect(run).toMatchObject({ state: 'done', counts: { links: { count: 1 }, blobs: { count: 1, bytes: 5000 } } });
  expect((await accounts.pusher.blob(NAME, sha256(blob))).status).toBe(404);
  expect(await objects()).toBe(0);
  const { body } = await operator(berth, 'GET', `/gc/runs/${run.id}/log`);
  expect(body).toMatchObject({
    log: [{ kind: 'blobs', digest: sha256(blob), bytes: 5000, reason: 'no package holds it' }],
  });
  const all = (await operator(berth, 'GET', '/gc/log')).body.log as unknown[];
  expect(all).toContainEqual((body.log as unknown[])[0]);
  expect((await operator(berth, 'GET', '/gc/runs')).body).toMatchObject({ runs: [{ id: run.id }, {}, {}], next: null });
});

it('ends uploads that nobody is at, their pieces with them', async () => {
  const location = await accounts.pusher.start(NAME);
  expect((await accounts.pusher.v2(location, { method: 'PATCH', body: randomBlob(2000) })).status).toBe(202);
  const busy = await accounts.pusher.start(NAME);
  await berth.sql("UPDATE upload_sessions SET busy_until = now() + interval '1 minute' WHERE id = $1", [
    busy.split('/').at(-1),
  ]);
  expect(await objects()).toBe(1);
  expect((await collectGarbage(berth)).counts.uploads).toEqual({ count: 1, bytes: 2000 });
  expect((await accounts.pusher.v2(location)).status).toBe(404);
  expect((await accounts.pusher.v2(busy)).status, 'a request is under way').toBe(204);
  expect(await objects()).toBe(0);
  expect((await operator(berth, 'GET', '/storage')).body.awaiting_deletion, 'deleted once').toEqual({
    count: 0,
    bytes: 0,
  });
});

it('adds up what is stored', async () => {
  const blob = randomBlob(7000);
  for (const name of [NAME, 'acme/second']) {
    await accounts.pusher.push(name, 'x', [blob]);
  }
  await collectGarbage(berth); // what the second upload of the same blobs wrote goes
  const { body } = await operator(berth, 'GET', '/storage');
  expect(body).toMatchObject({
    logical: { count: 4, bytes: 2 * (7000 + E.length) },
    stored: { count: 2, bytes: 7000 + E.length },
    deduplicated: { count: 2, bytes: 7000 + E.length },
    awaiting_deletion: { count: 0, bytes: 0 },
  });
  expect(Date.parse(String(body.measured_at))).toBeGreaterThan(0);
});

it('waits while paused, and goes on after', async () => {
  expect((await operator(berth, 'POST', '/gc/pause')).body).toEqual({ mode: 'paused', pace: null });
  const { body: waiting } = await operator(berth, 'POST', '/gc/runs', { grace: '0s' });
  await sleep(3000);
  expect(await stateOf(waiting.id)).toBe('queued');
  expect((await operator(berth, 'PATCH', '/gc', { pace: 100_000 })).body).toEqual({ mode: 'paused', pace: 100_000 });
  expect((await operator(berth, 'POST', '/gc/resume')).body).toEqual({ mode: 'on', pace: 100_000 });
  while ((await stateOf(waiting.id)) !== 'done') await sleep(100);
  expect((await operator(berth, 'PATCH', '/gc', { pace: null })).body).toEqual({ mode: 'on', pace: null });
});

it('hands a run on when its process is told to end in the middle of it', async () => {
  await operator(berth, 'PATCH', '/gc', { pace: 1 });
  await berth.sql("UPDATE gc_control SET paced_until = now() + interval '1 hour'"); // as after many batches
  const { body: run } = await operator(berth, 'POST', '/gc/runs', { grace: '0s' });
  while ((await stateOf(run.id)) !== 'running') await sleep(100);
  expect(await berth.terminate(), 'in order, and not cut off').toBe(0);
  expect(await berth.sql('SELECT state FROM gc_runs WHERE id = $1', [run.id])).toEqual([{ state: 'queued' }]);
  await berth.sql('UPDATE gc_control SET pace = NULL');
  await berth.restart();
  while ((await stateOf(run.id)) !== 'done') await sleep(100);
}, 180_000);

it('refuses what it cannot read, and who is no operator', async () => {
  for (const body of [{ grace: '1 day' }, { grace: 0 }, { grace: '99999999d' }, { dry: true }, []]) {
    expect((await operator(berth, 'POST', '/gc/runs', body)).status).toBe(400);
  }
  for (const body of [{ mode: 'stop' }, { pace: 0 }])
    expect((await operator(berth, 'PATCH', '/gc', body)).status).toBe(400);
  for (const id of ['0', '999999999', 'x', '99999999999999999999']) {
    expect((await operator(berth, 'GET', `/gc/runs/${id}`)).status).toBe(404);
  }
  for (const path of ['/gc', '/gc/runs', '/gc/log', '/storage']) {
    const headers = accounts.pusher.basic;
    expect((await fetch(`${berth.url}/admin/v1${path}`, { headers })).status).toBe(403);
    expect((await fetch(`${berth.url}/admin/v1${path}`)).status).toBe(401);
  }
});
