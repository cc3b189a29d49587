// The kill switch in the middle of a large collection: every worker stops within the batch that it is at, nothing more is
// deleted from storage, and what was left goes on later.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { ObjectKey } from '#registry';
import { openRegistry, type TestRegistry, violations } from './registry.js';

const WORKER = resolve(import.meta.dirname, 'job-worker.js');
const WORKERS = 2;
const OPERATOR = { principal: 'user:1', userId: undefined, login: 'operator', isOverriding: true };
/** The largest batch is 1,000 rows. */
const BATCH = 1000;
const GARBAGE = 12_000;
/** Rows a second of each worker: a batch each second, or every other one. */
const PACE = 500;

let registry: TestRegistry;

beforeAll(async () => {
  registry = await openRegistry({ connections: 4 });
});

afterAll(async () => {
  await registry.close();
});

const left = async (table: string) =>
  (await registry.sql<{ count: number }>(`SELECT count(*)::int AS count FROM ${table}`))[0]?.count ?? 0;
const set = (mode: 'on' | 'off', pace: number | 'as fast as it goes' = 'as fast as it goes') =>
  registry.runs.changeControl({ mode, pace }, OPERATOR);

function start(job: string): Promise<{ code: number | null; log: string }> {
  const child = spawn(process.execPath, [WORKER, registry.url, registry.folder, job], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let log = '';
  child.stderr.on('data', (chunk) => {
    log += chunk;
  });
  return once(child, 'close').then(([code]) => ({ code: code as number | null, log }));
}

/** Two workers are at a job; once they deleted something, the switch is thrown. Answers what they deleted after it. */
async function throwSwitch(job: string, table: string): Promise<number> {
  await set('on', PACE);
  const before = await left(table);
  const working = Array.from({ length: WORKERS }, () => start(job));
  while ((await left(table)) === before) await sleep(20);
  await set('off');
  const then = await left(table);
  for (const ending of await Promise.all(working)) expect(ending).toEqual({ code: 0, log: '' });
  const after = await left(table);
  expect(after, 'it was in the middle of it').toBeGreaterThan(BATCH);
  return then - after;
}

it('stops every worker within a batch, in the database and in storage', { timeout: 300_000 }, async () => {
  const id = await registry.idOf('acme/brake');
  await registry.sql(
    `WITH made AS (
       INSERT INTO blobs (digest, size, object_key)
       SELECT 'sha256:' || lpad(to_hex(i), 64, '0'), 1, lpad(to_hex(i), 40, '0') FROM generate_series(1, $2::int) i
       RETURNING id, digest)
     INSERT INTO package_blobs (package_id, digest, blob_id, idle_since)
     SELECT $1, digest, id, now() - interval '1 day' FROM made`,
    [id, GARBAGE],
  );
  const made = await registry.sql<{ key: string }>('SELECT object_key AS key FROM blobs');
  for (let i = 0; i < made.length; i += 100) {
    const some = made.slice(i, i + 100);
    await Promise.all(some.map(({ key }) => registry.objects.put(key as ObjectKey, [Buffer.from('x')])));
  }

  expect(await throwSwitch('CollectLinksJob', 'package_blobs')).toBeLessThanOrEqual(WORKERS * BATCH);
  await set('on');
  await start('CollectLinksJob');
  expect(await left('package_blobs')).toBe(0);

  expect(await throwSwitch('CollectBlobsJob', 'blobs')).toBeLessThanOrEqual(WORKERS * BATCH);
  await set('on');
  await start('CollectBlobsJob');
  expect(await left('blobs')).toBe(0);

  expect(await throwSwitch('DeleteObjectsJob', 'object_deletions')).toBeLessThanOrEqual(WORKERS * BATCH);
  const rest = await registry.keys();
  expect(rest.length).toBe(await left('object_deletions'));
  // A run that an operator asks for ends as failed, and deletes nothing, either.
  const run = await registry.start();
  expect(await start('RunGcJob')).toEqual({ code: 0, log: '' });
  expect(await registry.runs.find(run)).toMatchObject({ state: 'failed', error: expect.stringContaining('off') });
  expect(await registry.keys()).toEqual(rest);

  await set('on');
  await registry.collect();
  expect(await registry.keys()).toEqual([]);
  expect(await violations(registry)).toEqual([]);
});
