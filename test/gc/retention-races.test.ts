// Retention while clients push and people change policies, and how little it looks at.
import { afterEach, beforeEach, expect, it } from 'vitest';
import {
  createPrisma,
  type Database,
  PrismaPackageSettings,
  PrismaRetentionStore,
  PrismaRetentionWork,
  PrismaVersionStore,
} from '#database';
import { ApplyRetention, GcBrake, GcStopped, NoTraffic, type RetentionPolicy } from '#registry';
import { type Document, E, image } from '../support/client.js';
import { ACTOR, openRegistry, type TestRegistry } from './registry.js';

const NAME = 'acme/app';
const RULES = { restoreWindow: 86_400, untaggedAfter: undefined };
const PASS = { runId: undefined, grace: undefined, isDryRun: false };
const LAYER = Buffer.from('a layer');

let registry: TestRegistry;
let database: Database;

beforeEach(async () => {
  registry = await openRegistry({ ...RULES, connections: 12 });
  database = createPrisma(registry.url, { poolSize: 4 });
  for (const blob of [E, LAYER]) await registry.up(NAME, blob);
});

afterEach(async () => {
  await database.$disconnect();
  await registry.close();
});

const numbered = (i: number) => image([LAYER], { annotations: { number: String(i) } });
const push = async (document: Document, tags: string[]) =>
  expect(await registry.put(NAME, document, tags)).toBeUndefined();

const rule = { tags: undefined, newest: undefined, pushedWithin: undefined, pulledWithin: undefined };
const A_DAY: RetentionPolicy = { tags: undefined, keep: [{ ...rule, pushedWithin: 86_400 }] };
const set = async (policy: RetentionPolicy) =>
  registry.policies.set({ packageId: await registry.idOf(NAME) }, policy, ACTOR);
const age = (hours = 48) => registry.sql(`UPDATE tags SET pushed_at = pushed_at - interval '1 hour' * $1`, [hours]);
const tags = async () =>
  (await registry.sql<{ name: string }>('SELECT name FROM tags ORDER BY name')).map((t) => t.name);

/** Removes as the worker does; before each batch it calls `between`: after tags were judged, before they go. */
function applying(between: () => Promise<void> = async () => undefined) {
  class Interrupted extends PrismaRetentionWork {
    override async removeTags(...call: Parameters<PrismaRetentionWork['removeTags']>) {
      await between();
      return super.removeTags(...call);
    }
  }
  const work = new Interrupted(database, RULES);
  const run = new ApplyRetention(new PrismaRetentionStore(database), work, new GcBrake(registry.runs, new NoTraffic()));
  return { run: () => run.run(PASS), work };
}

it('leaves a tag that is pushed again between being judged and going, even for the same image', async () => {
  await push(numbered(1), ['same', 'other', 'gone']);
  await age();
  await set(A_DAY);
  const { run } = applying(async () => {
    await push(numbered(1), ['same']);
    await push(numbered(2), ['other']);
  });
  expect(await run()).toBe(1);
  expect(await tags()).toEqual(['other', 'same']);
  expect(await registry.has(NAME, numbered(1)), 'it has a tag still').toBe(true);
});

it('removes nothing by a policy that was changed or taken away meanwhile', async () => {
  const holder = { packageId: await registry.idOf(NAME) };
  await push(numbered(1), ['x']);
  await age();
  await set(A_DAY);
  const keepAll = { tags: undefined, keep: [{ ...rule, tags: '.*' }] };
  expect(await applying(async () => void (await set(keepAll))).run()).toBe(0);
  await set(A_DAY);
  expect(await applying(async () => void (await registry.policies.remove(holder, ACTOR))).run()).toBe(0);
  expect(await tags()).toEqual(['x']);
  await set(A_DAY);
  expect(await applying().run()).toBe(1);
});

it('stops in the middle when collection is paused, and goes on later', async () => {
  for (const tag of ['a', 'b']) await push(numbered(tag === 'a' ? 1 : 2), [tag]);
  await age();
  await set(A_DAY);
  await registry.runs.changeControl({ mode: 'paused', pace: undefined }, ACTOR);
  await expect(applying().run()).rejects.toThrow(GcStopped);
  expect(await tags()).toEqual(['a', 'b']);
  await registry.runs.changeControl({ mode: 'on', pace: undefined }, ACTOR);
  expect(await applying().run()).toBe(2);
});

it('keeps every tag whose push was answered while it ran', { timeout: 300_000 }, async () => {
  await set(A_DAY);
  const names = Array.from({ length: 40 }, (_, i) => `t${i}`);
  for (const [i, name] of names.entries()) await push(numbered(i % 7), [name]);
  await age();
  let isOver = false;
  const looking = (async () => {
    while (!isOver) await applying().run();
  })();
  const answered: string[] = [];
  const left = names.values();
  const pusher = async () => {
    for (const name of left) {
      // Its version may just have gone: then a client pushes all of it again, as here.
      await push(numbered(Number(name.slice(1)) % 7), [name]);
      answered.push(name);
    }
  };
  await Promise.all([pusher(), pusher(), pusher()]).finally(() => {
    isOver = true;
  });
  await looking;
  expect(await tags()).toEqual([...answered].sort());
  const broken = await registry.sql(
    'SELECT t.name FROM tags t JOIN manifests m ON m.id = t.manifest_id WHERE m.deleted_at IS NOT NULL',
  );
  expect(broken).toEqual([]);
});

it('judges a package again only when a push, a change or time makes a difference', async () => {
  const packageId = await registry.idOf(NAME);
  const { run, work } = applying();
  const due = async () => {
    const found: number[] = [];
    for (let after: string | undefined, isFirst = true; isFirst || after !== undefined; isFirst = false) {
      const page = await work.findPackages(1, after);
      found.push(...page.packageIds);
      after = page.next;
    }
    return found;
  };
  await push(numbered(1), ['x']);
  await age(2);
  expect(await due(), 'no policy').toEqual([]);
  await set(A_DAY);
  expect(await due(), 'a new policy').toEqual([packageId]);
  await run();
  expect(await due(), 'nothing is new').toEqual([]);
  const [look] = await registry.sql<{ hours: number }>(
    'SELECT round(extract(epoch FROM due_at - now()) / 3600)::int AS hours FROM retention_looks',
  );
  expect(look?.hours, 'when the day of x ends').toBe(22);
  await registry.sql("UPDATE retention_looks SET due_at = now() - interval '1 second'");
  expect(await due(), 'its time has come').toEqual([packageId]);
  await registry.sql("UPDATE retention_looks SET due_at = now() - interval '1 hour'");
  await run();
  expect(await due(), 'x was judged').toEqual([]);
  await push(numbered(2), ['y']);
  expect(await due(), 'a push').toEqual([packageId]);
  await age(1);
  await run();
  expect(await due()).toEqual([]);
  await set(A_DAY);
  expect(await due(), 'a changed policy').toEqual([packageId]);
  await run();
  const settings = new PrismaPackageSettings(database);
  const protect = { pattern: 'x', isImmutable: true, publishers: undefined };
  await settings.setTagRules(packageId, [protect], ACTOR);
  await run();
  await age(72);
  await registry.sql('UPDATE retention_looks SET due_at = now()');
  // The protection falls while tags are judged that it protects still.
  await applying(async () => void (await settings.setTagRules(packageId, [], ACTOR))).run();
  expect(await tags(), 'only y was not protected').toEqual(['x']);
  expect(await due(), 'the fall was heard').toEqual([packageId]);
  await run();
  expect(await tags()).toEqual([]);
});

it('reaches the packages of every namespace with a policy, page by page, and each once', async () => {
  const expected: number[] = [];
  for (const owner of ['acme', 'beta', 'gamma']) {
    for (const app of ['app', 'two', 'three']) {
      const name = `${owner}/${app}`;
      if (name !== NAME) for (const blob of [E, LAYER]) await registry.up(name, blob);
      expect(await registry.put(name, numbered(1), ['x'])).toBeUndefined();
      if (owner !== 'gamma') expected.push(await registry.idOf(name));
    }
  }
  await age(1); // no push is so new that it is looked at twice
  const namespaces = await registry.sql<{ id: number }>("SELECT id FROM namespaces WHERE path IN ('acme', 'beta')");
  for (const { id } of namespaces) await registry.policies.set({ namespaceId: id }, A_DAY, ACTOR);
  await set(A_DAY);
  const { work } = applying();
  for (const limit of [1, 2, 100]) {
    const found: number[] = [];
    for (let after: string | undefined, isFirst = true; isFirst || after !== undefined; isFirst = false) {
      const page = await work.findPackages(limit, after);
      found.push(...page.packageIds);
      after = page.next;
    }
    expect(found.sort((a, b) => a - b)).toEqual(expected.sort((a, b) => a - b));
  }
});

it('gives a version back with all tags that one judging took, however many, and none that went before', async () => {
  await push(numbered(1), ['before', 'first']);
  await age();
  await registry.sql(`UPDATE tags SET pushed_at = now() WHERE name = 'first'`);
  await set(A_DAY);
  const { run } = applying();
  expect(await run()).toBe(1);
  await registry.sql(
    `INSERT INTO tags (package_id, name, manifest_id, pushed_at)
     SELECT package_id, 't' || i, manifest_id, now() FROM tags, generate_series(1, 1300) AS i`,
  );
  await age();
  await registry.sql('UPDATE retention_looks SET due_at = now()');
  expect(await run()).toBe(1301);
  expect(await registry.has(NAME, numbered(1))).toBe(false);
  const versions = new PrismaVersionStore(database, undefined, { ...RULES, maxDownloads: undefined });
  const [version] = await registry.sql<{ id: number }>('SELECT id FROM manifests');
  expect(await versions.restore(await registry.idOf(NAME), version?.id ?? 0, ACTOR)).toBe('restored');
  expect(await tags()).toHaveLength(1301);
  expect(await tags()).not.toContain('before');
});

it('judges far more tags than a page holds, in transactions of a few hundred', async () => {
  await push(numbered(1), ['first']);
  await registry.sql(
    `INSERT INTO tags (package_id, name, manifest_id, pushed_at)
     SELECT package_id, 't' || i, manifest_id, now() - interval '1 minute' * (i % 100) FROM tags, generate_series(1, 2500) AS i`,
  );
  await set({ tags: 't.*', keep: [{ ...rule, tags: 't.*7' }] });
  let batches = 0;
  const { run } = applying(async () => {
    batches += 1;
  });
  expect(await run()).toBe(2250);
  expect(await tags()).toHaveLength(251);
  expect(batches).toBeGreaterThanOrEqual(2250 / 200);
});
