// Random operations over 32 connections with no grace, backends terminated and objects lost meanwhile: nothing that a
// manifest names is missing in the end, and nothing is left that nobody needs.
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Document, E, encode, image, index, sha256 } from '../support/client.js';
import { openRegistry, type TestRegistry, violations } from './registry.js';

const SECONDS = Number(process.env.BERTH_TEST_STORM_SECONDS ?? 15);
const CONNECTIONS = 32;
const NAMES = ['acme/one', 'acme/two', 'acme/three'];
const LAYERS = Array.from({ length: 6 }, (_, i) => Buffer.from(`layer ${i}`));
const TAGS = ['a', 'b', 'c'];

let registry: TestRegistry;
const pushed = new Map<string, Document>();

beforeAll(async () => {
  registry = await openRegistry({ connections: CONNECTIONS, untaggedAfter: 0 });
  for (const name of NAMES) await registry.idOf(name);
});

afterAll(async () => {
  await registry.close();
});

const one = <T>(of: readonly T[]): T => of[Math.floor(Math.random() * of.length)] as T;
const someLayers = () => LAYERS.filter(() => Math.random() < 0.3);

async function act(): Promise<void> {
  const name = one(NAMES);
  const dice = Math.random();
  if (dice < 0.35) {
    const layers = someLayers();
    for (const blob of [E, ...layers]) {
      if (!(await registry.head(name, sha256(blob)))) await registry.up(name, blob);
    }
    await push(name, image(layers), Math.random() < 0.7 ? [one(TAGS)] : []);
  } else if (dice < 0.5) {
    const children = [...pushed.values()].filter((document) => document.layers).slice(-2);
    if (children.length > 0) await push(name, index(children), [one(TAGS)]);
  } else if (dice < 0.65) await registry.removeTag(name, one(TAGS));
  else if (dice < 0.8) await registry.removeManifest(name, one([...pushed.keys(), sha256(E)]));
  else if (dice < 0.95) await registry.mount(name, sha256(one(LAYERS)), one(NAMES));
  else await lose();
}

async function push(name: string, document: Document, tags: string[]): Promise<void> {
  pushed.set(sha256(encode(document)), document);
  const refusal = await registry.put(name, document, tags);
  if (refusal !== undefined) expect(refusal).toBe('MANIFEST_BLOB_UNKNOWN');
}

/** An object is gone from the store, and whoever finds out says so. */
async function lose(): Promise<void> {
  const [blob] = await registry.sql<{ key: string }>('SELECT object_key AS key FROM blobs ORDER BY random() LIMIT 1');
  if (!blob) return;
  await registry.objects.delete([blob.key]);
  await registry.sql('UPDATE blobs SET missing_since = now() WHERE object_key = $1', [blob.key]);
}

/** What a client is told when its connection to the database is cut: it may try again. */
async function tolerant(work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (error instanceof Error && error.name === 'AssertionError') throw error;
  }
}

it('comes out whole', { timeout: 600_000 }, async () => {
  const until = Date.now() + SECONDS * 1000;
  const acting = Array.from({ length: CONNECTIONS }, async () => {
    while (Date.now() < until) await tolerant(act);
  });
  const cutting = (async () => {
    while (Date.now() < until) {
      await sleep(200);
      // The registry's connections; the test's own, which it opens for one query, are nobody's fault.
      await registry.sql(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity
        WHERE datname = current_database() AND application_name = 'berth' ORDER BY random() LIMIT 2`);
    }
  })();
  const collecting = Array.from({ length: 2 }, async () => {
    while (Date.now() < until) await tolerant(() => registry.collectDuring(sleep(500)));
  });
  await Promise.all([...acting, cutting, ...collecting]);

  // Whoever was cut off left rows that time alone ends: it passes.
  await registry.sql("UPDATE upload_sessions SET busy_until = NULL, expires_at = now() - interval '1 second'");
  await registry.sql(
    'UPDATE object_deletions SET tried_at = NULL, again_at = NULL, not_before = now(), is_repeat = false',
  );
  // The next push of a lost blob brings it back.
  for (const blob of [E, ...LAYERS]) for (const name of NAMES) await registry.up(name, blob);
  await registry.collect();
  await registry.collect();
  expect(await violations(registry)).toEqual([]);
  const live = await registry.sql<{ packageId: number; digest: string }>(
    'SELECT package_id AS "packageId", digest FROM manifests WHERE deleted_at IS NULL',
  );
  for (const { packageId, digest } of live) {
    const name = NAMES[(await Promise.all(NAMES.map((n) => registry.idOf(n)))).indexOf(packageId)] as string;
    expect(await registry.holesOf(name, pushed.get(digest) as Document), digest).toEqual([]);
  }
});
