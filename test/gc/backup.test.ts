// A database that is restored as it was within the backup horizon finds every object that it knows.
import { randomBytes } from 'node:crypto';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { type Document, E, encode, image, index, sha256 } from '../support/client.js';
import { openRegistry, type TestRegistry } from './registry.js';

const NAME = 'acme/app';
const HORIZON = 7 * 86_400;

let registry: TestRegistry;

beforeEach(async () => {
  registry = await openRegistry({ untaggedAfter: 0, backupHorizon: HORIZON });
});

afterEach(async () => {
  await registry.close();
});

const newLayer = () => randomBytes(200);

async function push(name: string, layers: Buffer[], tags: string[]): Promise<Document> {
  for (const blob of [E, ...layers]) await registry.up(name, blob);
  const document = image(layers);
  expect(await registry.put(name, document, tags)).toBeUndefined();
  return document;
}

it('restores with no blob missing, whatever was deleted, collected, reconciled and scrubbed since', async () => {
  const shared = newLayer();
  const [one, other] = [await push(NAME, [shared, newLayer()], []), await push('acme/other', [shared], ['x'])];
  const both = index([one]);
  expect(await registry.put(NAME, both, ['x'])).toBeUndefined();
  const taken = newLayer();
  await push('acme/taken', [taken], ['x']);
  const backup = await registry.copyDatabase();
  try {
    // Since the backup: all of it goes, one blob was taken for lost and pushed again, something new came.
    const wrongly = sha256(taken);
    await registry.sql("UPDATE blobs SET missing_since = now(), missing_reason = 'gone' WHERE digest = $1", [wrongly]);
    await registry.up('acme/taken', taken);
    for (const [name, document] of [
      [NAME, both],
      [NAME, one],
      ['acme/other', other],
    ] as const) {
      await registry.removeManifest(name, sha256(encode(document)));
    }
    const late = await push('acme/late', [newLayer()], ['x']);
    for (let i = 0; i < 3; i++) await registry.collect();
    await registry.reconcile();
    // As much time passes as there is: a minute before the horizon ends.
    await registry.sql('UPDATE object_deletions SET not_before = not_before - make_interval(secs => $1)', [
      HORIZON - 60,
    ]);
    await registry.collect();
    expect(await registry.has(NAME, both)).toBe(false);

    const restored = await openRegistry({
      untaggedAfter: 0,
      backupHorizon: HORIZON,
      existing: { url: backup.url, folder: registry.folder },
    });
    const run = await restored.reconcile();
    expect(run).toMatchObject({ missing: 0, wrongSize: 0 });
    expect(run.unknownObjects, 'what was pushed since').toBeGreaterThan(0);
    await restored.scrub();
    expect((await restored.scrubControl.missing({ limit: 10, after: undefined })).items).toEqual([]);
    for (const [name, document] of [
      [NAME, both],
      [NAME, one],
      ['acme/other', other],
      ['acme/taken', image([taken])],
    ] as const) {
      expect(await restored.has(name, document)).toBe(true);
      expect(await restored.holesOf(name, document)).toEqual([]);
    }
    expect(await restored.has('acme/late', late)).toBe(false);
    // And it stays so: what the restored database does not know goes later, never what it knows.
    await restored.sql('UPDATE object_deletions SET not_before = now(), again_at = NULL');
    await restored.collect();
    expect(await restored.reconcile()).toMatchObject({ missing: 0, unknownObjects: 0 });
    await restored.close();
  } finally {
    await backup.drop();
  }
});

it('deletes when the horizon is over', async () => {
  const layer = newLayer();
  await push(NAME, [layer], ['x']);
  await registry.removeManifest(NAME, sha256(encode(image([layer]))));
  await registry.collect();
  expect(await registry.keys()).not.toEqual([]);
  await registry.sql('UPDATE object_deletions SET not_before = not_before - make_interval(secs => $1)', [HORIZON + 60]);
  await registry.collect();
  expect(await registry.keys()).toEqual([]);
});
