// Which manifests the rule for untagged ones takes, when, and what goes with them.
import { afterEach, expect, it } from 'vitest';
import { type Document, descriptor, E, encode, image, index, sha256 } from '../support/client.js';
import { openRegistry, type TestRegistry, violations } from './registry.js';

const NAME = 'acme/app';
const DAY = 86_400;
const LAYER = Buffer.from('a layer');

let registry: TestRegistry;

afterEach(async () => {
  await registry.close();
});

const about = (subject: Document) => image([], { subject: descriptor(subject.mediaType, encode(subject)) });
const numbered = (i: number) => image([LAYER], { annotations: { number: String(i) } });

async function push(...documents: Array<[Document, string[]?]>): Promise<void> {
  for (const blob of [E, LAYER]) await registry.up(NAME, blob);
  for (const [document, tags] of documents) expect(await registry.put(NAME, document, tags)).toBeUndefined();
}

/** The rule's time comes for everything that is marked. */
const passTime = () =>
  registry.sql("UPDATE manifests SET review_at = now() - interval '1 second' WHERE review_at IS NOT NULL");
const rowOf = async (document: Document) =>
  (
    await registry.sql('SELECT review_at, deleted_at, deleted_by FROM manifests WHERE digest = $1', [
      sha256(encode(document)),
    ])
  )[0];

it('hides what nothing holds for the restore window, then deletes it with all that it had', async () => {
  registry = await openRegistry({ untaggedAfter: 30 * DAY, restoreWindow: DAY });
  await push([numbered(1)]);
  await registry.collect();
  expect(await registry.has(NAME, numbered(1)), 'its time has not come').toBe(true);
  await passTime();
  await registry.collect();
  expect(await registry.has(NAME, numbered(1))).toBe(false);
  expect(await rowOf(numbered(1))).toMatchObject({ deleted_by: 'rule:untagged' });
  expect(await registry.head(NAME, sha256(LAYER)), 'a restore needs it').toBe(true);
  await registry.sql('UPDATE manifests SET purge_at = now()');
  await registry.collect();
  expect(await rowOf(numbered(1))).toBeUndefined();
  expect(await registry.keys()).toEqual([]);
});

it('keeps what a tag, an index or a subject holds, and looks again only when they let go', async () => {
  registry = await openRegistry({ untaggedAfter: 30 * DAY, restoreWindow: DAY });
  const child = numbered(1);
  const signature = about(child);
  await push([child], [index([child]), ['x']], [numbered(2), ['y']], [signature], [about(signature)]);
  await passTime();
  await registry.collect();
  for (const document of [child, index([child]), numbered(2), signature, about(signature)]) {
    expect(await registry.has(NAME, document)).toBe(true);
    expect(await rowOf(document)).toMatchObject({ review_at: null, deleted_at: null });
  }
  expect(await registry.removeTag(NAME, 'x')).toBe(true);
  await passTime();
  await registry.collect();
  expect(await registry.has(NAME, index([child])), 'nothing holds the index').toBe(false);
  expect(await registry.has(NAME, child), 'the index can be restored, and needs it').toBe(true);
  await registry.sql('UPDATE manifests SET purge_at = now() WHERE deleted_at IS NOT NULL');
  await registry.collect();
  await passTime();
  await registry.collect();
  expect(await registry.has(NAME, child)).toBe(false);
  expect(await registry.has(NAME, signature), 'goes with its subject, not before').toBe(true);
  for (let i = 0; i < 3; i++) {
    await registry.sql('UPDATE manifests SET purge_at = now() WHERE deleted_at IS NOT NULL');
    await registry.collect();
  }
  expect(await registry.sql('SELECT digest FROM manifests')).toEqual([{ digest: sha256(encode(numbered(2))) }]);
  expect(await violations(registry)).toEqual([]);
});

it('starts the time anew for what was pulled or read by digest', async () => {
  registry = await openRegistry({ untaggedAfter: 30 * DAY });
  await push([numbered(1)], [numbered(2)], [numbered(3)]);
  await passTime();
  await registry.sql('INSERT INTO manifest_downloads SELECT id, 1, now() FROM manifests WHERE digest = $1', [
    sha256(encode(numbered(1))),
  ]);
  expect(await registry.has(NAME, numbered(2))).toBe(true);
  await registry.collect();
  expect(
    await registry.sql("SELECT digest FROM manifests WHERE review_at > now() + interval '29 days' ORDER BY id"),
  ).toEqual([numbered(1), numbered(2)].map((document) => ({ digest: sha256(encode(document)) })));
  expect(await rowOf(numbered(3))).toBeUndefined();
});

it("goes by the package's own rule", async () => {
  registry = await openRegistry({ untaggedAfter: 0 });
  await registry.idOf(NAME);
  await registry.sql('UPDATE packages SET keeps_untagged = true');
  await push([numbered(1)]);
  await registry.collect();
  expect(await registry.has(NAME, numbered(1))).toBe(true);
  await registry.sql('UPDATE packages SET keeps_untagged = false, untagged_after = 3600');
  await push([numbered(2)]);
  await registry.collect();
  expect(await registry.has(NAME, numbered(2))).toBe(true);
  await registry.sql('UPDATE packages SET untagged_after = NULL');
  await push([numbered(3)]);
  await registry.collect();
  expect(await rowOf(numbered(3))).toBeUndefined();
});

it('lets objects outlive their rows by the backup horizon', async () => {
  registry = await openRegistry({ backupHorizon: DAY });
  await registry.up(NAME, LAYER);
  await registry.collect();
  expect(await registry.sql('SELECT id FROM blobs')).toEqual([]);
  expect(await registry.keys()).toHaveLength(1);
  expect(await registry.runs.storageUse()).toMatchObject({ blobs: 0, awaiting: 1, awaitingBytes: LAYER.length });
  await registry.sql('UPDATE object_deletions SET not_before = now()');
  await registry.collect();
  expect(await registry.keys()).toEqual([]);
  expect(await registry.runs.storageUse()).toMatchObject({ awaiting: 0, awaitingBytes: 0 });
});
