// Random operations over 32 connections with no grace, rules that change, backends terminated and objects lost meanwhile: nothing
// that a manifest names is missing in the end, nothing is left that nobody needs, and what was removed has its tombstone.
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { buildCache, type Document, descriptor, E, encode, image, index, sha256 } from '../support/client.js';
import { ACTOR, openRegistry, type TestRegistry, violations } from './registry.js';

const SECONDS = Number(process.env.BERTH_TEST_STORM_SECONDS ?? 15);
const CONNECTIONS = 32;
/** This package is deleted and restored, again and again. */
const DOOMED = 'acme/four';
const NAMES = ['acme/one', 'acme/two', 'acme/three', DOOMED];
const LAYERS = Array.from({ length: 6 }, (_, i) => Buffer.from(`layer ${i}`));
const TAGS = ['a', 'b', 'c'];
/** A build cache with these layers fits this budget, most two do not. */
const BUDGET = 100;
/** Long enough to restore something, short enough to see some of it purged. */
const WINDOW = 5;
const NO_RULE = { tags: undefined, newest: undefined, pushedWithin: undefined, pulledWithin: undefined };
const POLICIES = [
  { tags: 'a|b', keep: [{ ...NO_RULE, newest: 1 }] },
  { tags: undefined, keep: [{ ...NO_RULE, tags: 'c' }] },
];

let registry: TestRegistry;
const pushed = new Map<string, Document>();

beforeAll(async () => {
  registry = await openRegistry({
    connections: CONNECTIONS,
    untaggedAfter: 0,
    restoreWindow: WINDOW,
    buildCacheBudget: BUDGET,
  });
  for (const name of NAMES) await registry.idOf(name);
  await registry.setScrub('on', 2 ** 40);
});

afterAll(async () => {
  await registry.close();
});

const one = <T>(of: readonly T[]): T => of[Math.floor(Math.random() * of.length)] as T;
const someLayers = () => LAYERS.filter(() => Math.random() < 0.3);

async function act(): Promise<void> {
  const name = one(NAMES);
  const dice = Math.random();
  if (dice < 0.25) await pushImage(name);
  else if (dice < 0.35) await pushImage(name, 'cache');
  else if (dice < 0.42) {
    const children = [...pushed.values()].filter((document) => document.layers).slice(-2);
    if (children.length > 0) await push(name, index(children), [one(TAGS)]);
  } else if (dice < 0.52) await registry.removeTag(name, one(TAGS));
  else if (dice < 0.6) await registry.removeManifest(name, one([...pushed.keys(), sha256(E)]));
  else if (dice < 0.66) await registry.mount(name, sha256(one(LAYERS)), one(NAMES));
  else if (dice < 0.8) await removeOrRestore(name);
  else if (dice < 0.86) await changeRules(name);
  else if (dice < 0.96) await removePackage();
  else await lose();
}

/** One in three is about another manifest. */
async function pushImage(name: string, as: 'image' | 'cache' = 'image'): Promise<void> {
  const layers = someLayers();
  for (const blob of [E, ...layers]) {
    if (!(await registry.head(name, sha256(blob)))) await registry.up(name, blob);
  }
  const subject = Math.random() < 0.3 ? one([...pushed.values()]) : undefined;
  const more = subject ? { subject: descriptor(subject.mediaType, encode(subject)) } : {};
  const document = as === 'cache' ? buildCache(layers) : image(layers, more);
  await push(name, document, Math.random() < 0.7 ? [one(TAGS)] : []);
}

/** Brings back what was deleted, or deletes what can be brought back: versions, which build caches are not. */
async function removeOrRestore(name: string): Promise<void> {
  const [version] = await registry.sql<{ id: number; isDeleted: boolean }>(
    `SELECT id, deleted_at IS NOT NULL AS "isDeleted" FROM manifests
     WHERE package_id = $1 AND class <> 'build_cache' AND (deleted_at IS NULL OR purge_at > now())
     ORDER BY deleted_at NULLS LAST, random() LIMIT 1`,
    [await registry.idOf(name)],
  );
  if (version?.isDeleted) await registry.restoreVersion(name, version.id);
  else if (version) await registry.removeVersion(name, version.id);
}

async function changeRules(name: string): Promise<void> {
  const holder = { packageId: await registry.idOf(name) };
  const dice = Math.random();
  if (dice < 0.3) await registry.policies.set(holder, one(POLICIES), ACTOR);
  else if (dice < 0.5) await registry.policies.remove(holder, ACTOR);
  else {
    const settings = {
      allowSparse: false,
      untaggedAfter: one(['never', 'instance', 0, 86_400] as const),
      buildCacheBudget: one(['instance', 0, BUDGET] as const),
    };
    await registry.packageSettings.change(holder.packageId, settings, ACTOR);
  }
}

async function removePackage(): Promise<void> {
  const isThere = await registry.sql('SELECT id FROM packages WHERE id = $1', [await registry.idOf(DOOMED)]);
  if (isThere.length === 0) registry.forget(DOOMED);
  else if (Math.random() < 0.5) await registry.removePackage(DOOMED);
  else await registry.restorePackage(DOOMED);
}

async function push(name: string, document: Document, tags: string[]): Promise<void> {
  pushed.set(sha256(encode(document)), document);
  const refusal = await registry.put(name, document, tags);
  // The package may have been deleted since its id was looked up.
  if (refusal !== undefined) expect(['MANIFEST_BLOB_UNKNOWN', 'NAME_UNKNOWN']).toContain(refusal);
}

/** An object is gone from the store: whoever finds out says so, or reconcile and scrub do. */
async function lose(): Promise<void> {
  const [blob] = await registry.sql<{ key: string }>('SELECT object_key AS key FROM blobs ORDER BY random() LIMIT 1');
  if (!blob) return;
  await registry.objects.delete([blob.key]);
  if (Math.random() < 0.5) return;
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
  const looking = Array.from({ length: 2 }, async (_, i) => {
    for (; Date.now() < until; await sleep(300)) {
      await tolerant(async () => void (await registry.askToReconcile()));
      await tolerant(async () => void (await registry.workOffReconciles()));
      await tolerant(async () => void (await registry.askToScrub()));
      await tolerant(async () => void (await registry.workOffScrub(`worker ${i}`)));
    }
  });
  await Promise.all([...acting, cutting, ...collecting, ...looking]);

  await passTime();
  await registry.workOffReconciles();
  await registry.reconcile(); // finds what is lost still
  // The next push of a lost blob brings it back.
  registry.forget(DOOMED);
  for (const blob of [E, ...LAYERS]) for (const name of NAMES) await registry.up(name, blob);
  for (let i = 0; i < 3; i++) {
    await registry.collect();
    await passTime();
  }
  await registry.collect();
  expect(await violations(registry)).toEqual([]);
  expect(await unburied()).toEqual([]);
  expect(await registry.sql('SELECT digest FROM blobs WHERE missing_since IS NOT NULL')).toEqual([]);
  const live = await registry.sql<{ name: string; digest: string }>(
    `SELECT full_name AS name, digest FROM manifests JOIN package_names USING (package_id)
     WHERE deleted_at IS NULL AND alias_until IS NULL`,
  );
  for (const { name, digest } of live) {
    expect(await registry.holesOf(name, pushed.get(digest) as Document), digest).toEqual([]);
  }

  // No mark was lost: where everything without one is looked at again, nothing else is found.
  await registry.sql('UPDATE manifests SET review_at = now() WHERE deleted_at IS NULL AND review_at IS NULL');
  await registry.sql('DELETE FROM retention_looks');
  await registry.sql('UPDATE build_cache_packages SET looked_with = NULL');
  const run = await registry.collect();
  const found = await registry.sql('SELECT kind, package_id, digest, reason FROM gc_log WHERE run_id = $1', [run]);
  expect(
    await registry.sql('SELECT kind, count FROM gc_counts WHERE run_id = $1 AND count > 0', [run]),
    JSON.stringify(found),
  ).toEqual([]);
});

/** Whoever was cut off left rows that time alone ends, and restore windows, too: it passes. */
async function passTime(): Promise<void> {
  await registry.sql("UPDATE upload_sessions SET busy_until = NULL, expires_at = now() - interval '1 second'");
  await registry.sql('UPDATE manifests SET purge_at = now() WHERE purge_at > now()');
  await registry.sql('UPDATE manifests SET review_at = now() WHERE review_at > now()');
  await registry.sql('UPDATE packages SET purge_at = now() WHERE purge_at > now()');
  await registry.sql('UPDATE build_cache_packages SET again_at = now() WHERE again_at > now()');
  for (const table of ['gc_runs', 'reconcile_runs', 'scrub']) {
    await registry.sql(`UPDATE ${table} SET seen_at = seen_at - interval '1 hour'`);
  }
  await registry.sql(
    'UPDATE object_deletions SET tried_at = NULL, again_at = NULL, not_before = now(), is_repeat = false',
  );
}

/** Tags and versions that went without a tombstone, and tags that are not where their history says. */
async function unburied(): Promise<string[]> {
  const rows = await registry.sql<{ what: string }>(`
    WITH last AS (SELECT DISTINCT ON (package_id, name) * FROM tag_log ORDER BY package_id, name, id DESC),
      buried AS (SELECT id AS package_id FROM packages p WHERE (SELECT count(*) FROM tombstones WHERE package_id = p.id) < 1000)
    SELECT 'tag ' || name AS what FROM last JOIN buried USING (package_id) WHERE to_digest IS NULL
      AND NOT EXISTS (SELECT FROM tombstones s WHERE s.package_id = last.package_id AND s.reference = last.name
        AND s.digest = last.from_digest)
    UNION ALL SELECT 'version ' || digest FROM (
        SELECT DISTINCT package_id, data->>'digest' AS digest FROM events WHERE kind = 'version.delete') gone
      JOIN buried USING (package_id)
      WHERE NOT EXISTS (SELECT FROM manifests m WHERE m.package_id = gone.package_id AND m.digest = gone.digest)
        AND NOT EXISTS (SELECT FROM tombstones s WHERE s.package_id = gone.package_id AND s.reference = gone.digest)
    UNION ALL SELECT 'history of ' || t.name FROM tags t JOIN manifests m ON m.id = t.manifest_id
      LEFT JOIN last ON last.package_id = t.package_id AND last.name = t.name
      WHERE last.to_digest IS DISTINCT FROM m.digest
    UNION ALL SELECT 'tag that is nowhere: ' || name FROM last JOIN packages p ON p.id = last.package_id
      WHERE to_digest IS NOT NULL AND NOT EXISTS (SELECT FROM tags t WHERE t.package_id = last.package_id AND t.name = last.name)`);
  return rows.map(({ what }) => what);
}
