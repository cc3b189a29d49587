// What a run of collection says that it frees adds up to what leaves storage: each byte once, though one batch hides and another purges.
import { afterEach, expect, it } from 'vitest';
import { type Document, descriptor, E, encode, image, index, sha256 } from '../support/client.js';
import { ACTOR, openRegistry, type TestRegistry } from './registry.js';

const A = Buffer.alloc(1000, 'a');
const B = Buffer.alloc(200, 'b');
const NAME = 'acme/app';
const OTHER = 'other/app';

let registry: TestRegistry;

afterEach(async () => {
  await registry.close();
});

const numbered = (i: number, layers: Buffer[]) => image(layers, { annotations: { number: String(i) } });
const about = (subject: Document, layers: Buffer[] = []) =>
  image(layers, { subject: descriptor(subject.mediaType, encode(subject)) });

async function push(name: string, ...documents: Array<[Document, string[]?]>): Promise<void> {
  for (const blob of [E, A, B]) await registry.up(name, blob);
  for (const [document, tags] of documents) expect(await registry.put(name, document, tags)).toBeUndefined();
}

/** Bytes of blobs and manifests. */
async function stored(): Promise<number> {
  const [sum] = await registry.sql<{ bytes: number }>(
    'SELECT ((SELECT coalesce(sum(size), 0) FROM blobs) + (SELECT coalesce(sum(size), 0) FROM manifests))::float8 AS bytes',
  );
  return sum?.bytes ?? 0;
}

/** What a run says that it frees: of each kind, without those that free nothing. */
async function collect(isDryRun = false): Promise<Record<string, number>> {
  const id = await registry.collect(isDryRun);
  const rows = await registry.sql<{ kind: string; bytes: number }>(
    'SELECT kind, exclusive_bytes::float8 AS bytes FROM gc_counts WHERE run_id = $1 AND exclusive_bytes > 0',
    [id],
  );
  return Object.fromEntries(rows.map(({ kind, bytes }) => [kind, bytes]));
}

const untag = (name: string, ...tags: string[]) => Promise.all(tags.map((tag) => registry.removeTag(name, tag)));
const hide = (name: string, document: Document) =>
  registry
    .idOf(name)
    .then((id) =>
      registry.sql(
        "UPDATE manifests SET deleted_at = now(), purge_at = now(), deleted_by = 'user:1' WHERE package_id = $1 AND digest = $2",
        [id, sha256(encode(document))],
      ),
    );
const forget = () => registry.sql('UPDATE package_blobs SET idle_since = now() WHERE idle_since IS NOT NULL');

it('counts what it hides and purges once, with referrers, and what several batches share', async () => {
  registry = await openRegistry({ untaggedAfter: 0 });
  const one = numbered(1, [A, B]);
  const sbom = about(one, [B]);
  const top = index([numbered(3, [A])]);
  await push(NAME, [one, ['x']], [sbom], [about(sbom)], [numbered(2, [A]), ['y']], [numbered(3, [A])], [top, ['z']]);
  await push(OTHER, [numbered(4, [A]), ['x']], [numbered(5, [A, B])]);
  await hide(OTHER, numbered(5, [A, B]));
  await untag(NAME, 'x', 'y', 'z');
  await untag(OTHER, 'x');
  const before = await stored();
  const dry = await collect(true);
  expect(await stored()).toBe(before);
  const run = await collect();
  await collect(); // the child, which its index names no more
  expect(await stored()).toBe(0);
  expect(dry).toEqual(run);
  expect(Object.keys(run).sort()).toEqual(['manifests', 'untagged']);
  expect(Object.values(run).reduce((sum, bytes) => sum + bytes)).toBe(before);
});

it('counts at each purge what its referrers free once', async () => {
  registry = await openRegistry();
  const one = numbered(1, [A]);
  const sbom = about(one, [B]);
  await push(NAME, [one], [sbom], [about(sbom)], [numbered(2, [A]), ['stays']]);
  await hide(NAME, one);
  const before = await stored();
  expect(await collect(true)).toEqual(await collect());
  const after = await stored();
  const [purged] = await registry.sql<{ bytes: number }>(
    "SELECT exclusive_bytes::float8 AS bytes FROM gc_counts WHERE kind = 'manifests' ORDER BY run_id DESC LIMIT 1",
  );
  expect(purged?.bytes).toBe(before - after);
  expect(after).toBe(E.length + A.length + encode(numbered(2, [A])).length);
});

it('counts what a retention policy leaves over with what it removes, whatever the rule for untagged manifests', async () => {
  registry = await openRegistry();
  const child = numbered(1, [A]);
  const nested = index([child]);
  const top = index([nested]);
  await push(NAME, [child], [nested, ['nested']], [top, ['top']], [numbered(2, [B]), ['stays']]);
  const rule = { tags: 'stays', newest: undefined, pushedWithin: undefined, pulledWithin: undefined };
  await registry.policies.set({ packageId: await registry.idOf(NAME) }, { tags: undefined, keep: [rule] }, ACTOR);
  const before = await stored();
  const dry = await collect(true);
  const run = await collect();
  expect(dry).toEqual(run);
  // Each time a day later, and a run that ends what another began says so.
  const due = () => registry.sql('UPDATE manifests SET review_at = now() WHERE is_leftover');
  const afterTop = await stored();
  expect(run.retention).toBe(before - E.length - B.length - encode(numbered(2, [B])).length);
  await due();
  const second = await collect();
  await due();
  const third = await collect();
  await forget();
  await collect();
  expect(await stored()).toBe(before - (run.retention ?? 0));
  expect(second).toEqual({ untagged: afterTop - (await stored()) });
  expect(third.untagged).toBe(encode(child).length + A.length);
});
