// Reconcile and scrub: each killed at every place where it can be, and finished by two others: the same result, told once.
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { resolve } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { E, image, sha256 } from '../support/client.js';
import { openRegistry, type TestRegistry } from './registry.js';

const WORKER = resolve(import.meta.dirname, 'worker.js');
const NAME = 'acme/kills';
const MIB = 2 ** 20;
const LAYERS = [Buffer.from('whole'), Buffer.from('gone'), Buffer.from('rotten'), randomBytes(3 * MIB)];
const [, GONE, ROTTEN] = LAYERS as [Buffer, Buffer, Buffer];

let registry: TestRegistry;
let stray: string;

beforeEach(async () => {
  registry = await openRegistry();
  for (const blob of [E, ...LAYERS]) await registry.up(NAME, blob);
  expect(await registry.put(NAME, image(LAYERS), ['x'])).toBeUndefined();
  stray = randomBytes(20).toString('hex');
  await registry.objects.put(stray, [Buffer.from('stray')]);
  await registry.objects.delete([await keyOf(GONE)]);
  await registry.objects.put(await keyOf(ROTTEN), [Buffer.from('ROTTEN')]);
});

afterEach(async () => {
  await registry.close();
});

const keyOf = async (blob: Uint8Array) =>
  (await registry.sql<{ key: string }>('SELECT object_key AS key FROM blobs WHERE digest = $1', [sha256(blob)]))[0]
    ?.key ?? '';
const missing = async () =>
  (await registry.scrubControl.missing({ limit: 100, after: undefined })).items.map(({ digest }) => digest);

/** How the worker ended: by itself with a code, or by a signal. */
async function work(job: string, failpoint = ''): Promise<{ code: number | null; signal: string | null; log: string }> {
  const child = spawn(process.execPath, [WORKER, registry.url, registry.folder, job], {
    env: { ...process.env, VITEST: 'true', BERTH_FAILPOINT: failpoint },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let log = '';
  child.stderr.on('data', (chunk) => {
    log += chunk;
  });
  const [code, signal] = (await once(child, 'close')) as [number | null, string | null];
  return { code, signal, log: log.replace(/^.*(?:ExperimentalWarning|--trace-warnings).*\n/gm, '') };
}

async function killedAndFinished(job: string, failpoint: string, pass: () => Promise<unknown>): Promise<void> {
  const killed = await work(job, failpoint);
  expect(killed.signal, killed.log).toBe('SIGKILL');
  await pass();
  const others = await Promise.all([work(job), work(job)]);
  expect(others.map(({ code, log }) => ({ code, log }))).toEqual([
    { code: 0, log: '' },
    { code: 0, log: '' },
  ]);
}

it.each(['reconcile-claimed', 'page-compared', 'page-recorded', 'uploads-compared', 'uploads-recorded'])(
  'a comparison killed at %s',
  { timeout: 300_000 },
  async (failpoint) => {
    const id = await registry.askToReconcile();
    // The time passes after which another worker takes over.
    await killedAndFinished('reconcile', failpoint, () =>
      registry.sql("UPDATE reconcile_runs SET seen_at = seen_at - interval '1 hour'"),
    );
    const run = await registry.reconcileRuns.find(id);
    expect(run).toMatchObject({ state: 'done', objects: 5, unknownObjects: 1, missing: 1, wrongSize: 0, kept: 2 });
    expect(await missing()).toEqual([sha256(GONE)]);
    expect(await registry.sql('SELECT object_key FROM object_deletions WHERE is_stray')).toEqual([
      { object_key: stray },
    ]);
  },
);

it.each(['scrub-taken', 'scrub-taken:2', 'scrub-hashed', 'scrub-recorded', 'scrub-recorded:2'])(
  'a scrub killed at %s',
  { timeout: 300_000 },
  async (failpoint) => {
    await registry.setScrub('on', MIB / 2);
    await registry.askToScrub();
    await killedAndFinished('scrub', failpoint, async () => {
      await registry.sql("UPDATE scrub SET seen_at = seen_at - interval '1 hour'");
      await registry.setScrub('on', 2 ** 40);
    });
    const { items } = await registry.scrubControl.passes({ limit: 10, after: undefined });
    expect(items).toMatchObject([{ blobs: 5, damaged: 2, healed: 0 }]);
    expect(items[0]?.finishedAt).toBeInstanceOf(Date);
    expect(await missing()).toEqual([sha256(GONE), sha256(ROTTEN)]);
  },
);
