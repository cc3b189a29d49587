// Every step of collection killed by SIGKILL and begun again, by two workers at once: the same result.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { resolve } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { buildCache, type Document, descriptor, E, encode, image, index } from '../support/client.js';
import { ACTOR, openRegistry, type TestRegistry, violations } from './registry.js';

const WORKER = resolve(import.meta.dirname, 'worker.js');
const NAME = 'acme/kills';

const FAILPOINTS = [
  'run-claimed',
  'marks-rewritten',
  'retention-found',
  'in-retention',
  'retention-removed',
  'untagged-found',
  'untagged-hidden',
  'build-caches-found',
  'build-caches-evicted',
  'purge-found',
  'manifests-purged',
  'package-batch-purged',
  'uploads-closed',
  'links-found',
  'links-collected',
  'in-blobs',
  'blobs-collected',
  'objects-claimed',
  'objects-deleted',
  'objects-confirmed',
  'run-collected',
];

let registry: TestRegistry;
let kept: Document[];

beforeAll(async () => {
  registry = await openRegistry({ untaggedAfter: 0 });
  const layers = [Buffer.from('kept'), Buffer.from('kept, too')];
  for (const blob of [E, ...layers]) await registry.up(NAME, blob);
  const child = image(layers);
  kept = [child, index([child])];
  for (const document of kept) expect(await registry.put(NAME, document, ['kept'])).toBeUndefined();
  const rule = { tags: 'none', newest: undefined, pushedWithin: undefined, pulledWithin: undefined };
  const holder = { packageId: await registry.idOf(NAME) };
  await registry.policies.set(holder, { tags: 'gone-.*', keep: [rule] }, ACTOR);
});

afterAll(async () => {
  await registry.close();
});

/** How the worker ended: by itself with a code, or by a signal. */
async function work(failpoint = ''): Promise<{ code: number | null; signal: string | null; log: string }> {
  const child = spawn(process.execPath, [WORKER, registry.url, registry.folder], {
    env: { ...process.env, VITEST: 'true', BERTH_FAILPOINT: failpoint },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let log = '';
  child.stderr.on('data', (chunk) => {
    log += chunk;
  });
  const [code, signal] = (await once(child, 'close')) as [number | null, string | null];
  return { code, signal, log };
}

/** Something for every collector. */
async function makeGarbage(i: number): Promise<void> {
  const layer = Buffer.from(`garbage ${i}`);
  for (const blob of [E, layer]) await registry.up(NAME, blob);
  const subject = image([layer]);
  const referrer = image([], { subject: descriptor(subject.mediaType, encode(subject)) });
  for (const document of [subject, referrer]) await registry.put(NAME, document);
  await registry.put(NAME, buildCache([layer]), ['cache']);
  await registry.put(NAME, image([layer], { annotations: { tagged: String(i) } }), [`gone-${i}`, `gone-too-${i}`]);
  await registry.up(NAME, Buffer.from(`of no manifest ${i}`));
  const doomed = `acme/doomed${i}`;
  for (const blob of [E, layer]) await registry.up(doomed, blob);
  await registry.put(doomed, image([layer]), ['x']);
  const id = await registry.idOf(doomed);
  await registry.sql('DELETE FROM package_names WHERE package_id = $1', [id]);
  await registry.sql('UPDATE packages SET deleted_at = now(), purge_at = now(), deleted_name = $2 WHERE id = $1', [
    id,
    doomed,
  ]);
}

it.each(FAILPOINTS.map((name, i) => [name, i] as const))('killed at %s', { timeout: 300_000 }, async (failpoint, i) => {
  await makeGarbage(i);
  await registry.start();
  const killed = await work(failpoint);
  expect(killed.signal, killed.log).toBe('SIGKILL');
  // The time passes after which another worker takes over.
  await registry.sql("UPDATE gc_runs SET seen_at = seen_at - interval '1 hour'");
  await registry.sql("UPDATE object_deletions SET tried_at = tried_at - interval '1 hour'");
  const others = await Promise.all([work(), work()]);
  expect(others.map(({ code, log }) => ({ code, log }))).toEqual([
    { code: 0, log: '' },
    { code: 0, log: '' },
  ]);
  const unfinished = await registry.sql("SELECT id, state, error FROM gc_runs WHERE state <> 'done'");
  expect(unfinished).toEqual([]);
  expect(await violations(registry)).toEqual([]);
  for (const document of kept) expect(await registry.holesOf(NAME, document)).toEqual([]);
  const [left] = await registry.sql(
    'SELECT (SELECT count(*)::int FROM manifests) AS manifests, (SELECT count(*)::int FROM packages) AS packages',
  );
  expect(left).toEqual({ manifests: kept.length, packages: 1 });
});
