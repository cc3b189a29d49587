// BuildKit's caches: a budget for each package, the least recently used first, at once and for good; and never a version.
import { afterEach, describe, expect, it } from 'vitest';
import { startBerth, type TestBerth } from '../support/berth.js';
import {
  buildCache,
  buildCacheIndex,
  collectGarbage,
  type Document,
  E,
  encode,
  image,
  index,
  randomBlob,
  sha256,
} from '../support/client.js';
import { createPerson, type Person } from '../support/people.js';
import { ACTOR, openRegistry, type TestRegistry, violations } from './registry.js';

const NAME = 'acme/app';
const DAY = 86_400;
const KB = 1024;
const digestOf = (document: Document) => sha256(encode(document));

describe('the budget', () => {
  let registry: TestRegistry;

  afterEach(async () => {
    await registry.close();
  });

  /** Pushes a cache of one layer of this many KB and answers it; an hour passes before the next. */
  async function pushCache(tag: string | undefined, kilobytes: number, form = buildCache): Promise<Document> {
    const layer = randomBlob(kilobytes * KB);
    await pushDocument(form([layer]), tag, [layer]);
    return form([layer]);
  }

  async function pushDocument(document: Document, tag: string | undefined, layers: Uint8Array[]): Promise<void> {
    for (const blob of [E, ...layers]) await registry.up(NAME, blob);
    expect(await registry.put(NAME, document, tag === undefined ? [] : [tag])).toBeUndefined();
    await registry.sql("UPDATE tags SET pushed_at = pushed_at - interval '1 hour'");
    await registry.sql("UPDATE manifests SET pushed_at = pushed_at - interval '1 hour'");
    await registry.sql("UPDATE manifest_downloads SET last_at = last_at - interval '1 hour'");
  }

  const pull = (document: Document) =>
    registry.sql(
      `INSERT INTO manifest_downloads SELECT id, 1, now() FROM manifests WHERE digest = $1
       ON CONFLICT (manifest_id) DO UPDATE SET last_at = now()`,
      [digestOf(document)],
    );

  /** Which of these are there. */
  const present = async (...documents: Document[]) =>
    Promise.all(documents.map((document) => registry.has(NAME, document)));

  const marks = () => registry.sql('SELECT looked_with::int AS looked_with FROM build_cache_packages');

  it.each([
    ['image manifests', buildCache],
    ['indexes', buildCacheIndex],
  ])('takes what was neither pulled nor pushed for the longest time: %s', async (_, form) => {
    registry = await openRegistry({ buildCacheBudget: 250 * KB, untaggedAfter: 30 * DAY, restoreWindow: 30 * DAY });
    const [first, second, third] = [
      await pushCache('first', 100, form),
      await pushCache('second', 100, form),
      await pushCache('third', 10, form),
    ];
    await registry.collect();
    expect(await present(first, second, third), 'they fit').toEqual([true, true, true]);
    await pull(first);
    const fourth = await pushCache('fourth', 100, form);
    await registry.collect();
    expect(await present(first, second, third, fourth)).toEqual([true, false, true, true]);
    expect(await registry.sql('SELECT name FROM tags ORDER BY name')).toEqual([
      { name: 'first' },
      { name: 'fourth' },
      { name: 'third' },
    ]);
    const [entry] = await registry.sql<{ reason: string; bytes: string }>(
      `SELECT reason, bytes FROM gc_log WHERE kind = 'build_caches'`,
    );
    expect(entry?.reason).toMatch(/^build caches over their budget of 256000 bytes; last used 20/);
    expect(Number(entry?.bytes)).toBe(100 * KB + encode(second).length);
    expect(await registry.keys(), 'its bytes are gone as well').toHaveLength(4);
    expect(await violations(registry)).toEqual([]);
  });

  it('counts a layer once that several caches hold, and not against the cache that goes', async () => {
    registry = await openRegistry({ buildCacheBudget: 150 * KB });
    const [shared, one, two] = [randomBlob(100 * KB), randomBlob(10 * KB), randomBlob(10 * KB)];
    await pushDocument(buildCache([shared, one]), 'one', [shared, one]);
    await pushDocument(buildCache([shared, two]), 'two', [shared, two]);
    await registry.collect();
    expect(await present(buildCache([shared, one]), buildCache([shared, two]))).toEqual([true, true]);
    const third = await pushCache('third', 35);
    await registry.collect();
    // 155 KB and a little: the first goes, and with it no more than its own 10 KB.
    expect(await present(buildCache([shared, one]), buildCache([shared, two]), third)).toEqual([false, true, true]);
  });

  it('touches neither images, nor caches whose tag a rule protects or that an index names', async () => {
    registry = await openRegistry({ buildCacheBudget: 0 });
    const layer = randomBlob(KB);
    await pushDocument(image([layer]), 'image', [layer]);
    const [kept, named, other] = [await pushCache('v1', 10), await pushCache('named', 10), await pushCache('main', 10)];
    await registry.put(NAME, index([named]), ['index']);
    await registry.sql(
      `INSERT INTO tag_rules (package_id, pattern, is_immutable) SELECT id, 'v[0-9]+', true FROM packages`,
    );
    await registry.collect();
    expect(await present(image([layer]), index([named]), kept, named, other)).toEqual([true, true, true, true, false]);
    expect(await registry.sql('SELECT name FROM tags ORDER BY name')).toEqual([
      { name: 'image' },
      { name: 'index' },
      { name: 'named' },
      { name: 'v1' },
    ]);
    expect(await marks(), 'there is nothing more to do').toEqual([{ looked_with: 0 }]);
  });

  it('takes, an hour later at most, what an index held', async () => {
    registry = await openRegistry({ buildCacheBudget: 0 });
    const named = await pushCache('named', 10);
    await registry.put(NAME, index([named]), ['index']);
    await registry.collect();
    expect(await present(named)).toEqual([true]);
    await registry.removeManifest(NAME, digestOf(index([named])));
    await registry.sql("UPDATE build_cache_packages SET again_at = again_at - interval '1 hour'");
    await registry.collect();
    expect(await present(named)).toEqual([false]);
    expect(await registry.keys()).toEqual([]);
  });

  it('brings back with an index what the index names, and looks at that again', async () => {
    registry = await openRegistry({ buildCacheBudget: 0, restoreWindow: DAY });
    const named = await pushCache('named', 10);
    const idOf = async (document: Document) => {
      const [row] = await registry.sql<{ id: number }>('SELECT id FROM manifests WHERE digest = $1', [
        digestOf(document),
      ]);
      return row?.id ?? 0;
    };
    await registry.put(NAME, index([named]), ['index']);
    await registry.removeVersion(NAME, await idOf(index([named])));
    await registry.collect();
    expect(await present(named), 'it waits for what may be restored').toEqual([false]);
    expect(await marks()).toEqual([]);
    expect(await registry.restoreVersion(NAME, await idOf(named)), 'it is no version').toBe('unknown');
    expect(await registry.restoreVersion(NAME, await idOf(index([named])))).toBe('restored');
    expect(await present(named)).toEqual([true]);
    expect(await marks()).toEqual([{ looked_with: null }]);
    await registry.collect();
    expect(await present(named), 'the index holds it').toEqual([true]);
    expect(await violations(registry)).toEqual([]);
  });

  it('takes what a rule for tags held once that is gone', async () => {
    registry = await openRegistry({ buildCacheBudget: 0 });
    const kept = await pushCache('v1', 10);
    const packageId = await registry.idOf(NAME);
    await registry.packageSettings.setTagRules(
      packageId,
      [{ pattern: 'v[0-9]+', isImmutable: true, publishers: undefined }],
      ACTOR,
    );
    await registry.collect();
    expect(await present(kept)).toEqual([true]);
    await registry.packageSettings.setTagRules(packageId, [], ACTOR);
    await registry.collect();
    expect(await present(kept)).toEqual([false]);
  });

  it('holds for a package that was deleted and restored, but not meanwhile', async () => {
    registry = await openRegistry({ buildCacheBudget: 15 * KB, restoreWindow: DAY });
    const [first, second] = [await pushCache('first', 10), await pushCache('second', 10)];
    await registry.removePackage(NAME);
    await registry.collect();
    await registry.restorePackage(NAME);
    expect(await present(first, second)).toEqual([true, true]);
    await registry.collect();
    expect(await present(first, second)).toEqual([false, true]);
  });

  it("is the package's own where it has one, else the instance's, also when that changes", async () => {
    registry = await openRegistry({ buildCacheBudget: 15 * KB });
    const [first, second] = [await pushCache('first', 10), await pushCache('second', 10)];
    await registry.sql('UPDATE packages SET keeps_build_caches = true');
    await registry.collect();
    expect(await present(first, second)).toEqual([true, true]);
    expect(await marks()).toEqual([{ looked_with: 15 * KB }]);
    await registry.sql('UPDATE packages SET keeps_build_caches = false');
    await registry.collect();
    expect(await present(first, second), 'nobody said that there is something to look at').toEqual([true, true]);
    await registry.sql('UPDATE build_cache_packages SET looked_with = -1'); // the instance had no budget then
    await registry.collect();
    expect(await present(first, second)).toEqual([false, true]);
    await registry.sql('UPDATE packages SET build_cache_budget = 5000');
    const third = await pushCache('third', 3);
    await registry.collect();
    expect(await present(second, third)).toEqual([false, true]);
    await registry.removeManifest(NAME, digestOf(third));
    await registry.sql('UPDATE build_cache_packages SET looked_with = NULL');
    await registry.collect();
    expect(await marks(), 'a package without caches is not looked at').toEqual([]);
  });

  it('takes many in small transactions', async () => {
    registry = await openRegistry({ buildCacheBudget: 0 });
    const layer = randomBlob(10);
    for (const blob of [E, layer]) await registry.up(NAME, blob);
    for (let i = 0; i < 120; i++) await registry.put(NAME, buildCache([layer], { annotations: { i: String(i) } }));
    await registry.collect();
    expect(await registry.sql('SELECT digest FROM manifests')).toEqual([]);
    expect(await registry.sql(`SELECT count::int FROM gc_counts WHERE kind = 'build_caches'`)).toEqual([
      { count: 120 },
    ]);
    expect(await registry.keys()).toEqual([]);
  });
});

describe('a cache that its tag moved away from', () => {
  let registry: TestRegistry;

  afterEach(async () => {
    await registry.close();
  });

  it.each([
    ['after 30 days', false],
    ['never', true],
  ])('goes two hours later, for good, where untagged manifests go %s', async (_, keepsUntagged) => {
    registry = await openRegistry({ untaggedAfter: 30 * DAY, restoreWindow: 30 * DAY });
    await registry.idOf(NAME);
    await registry.sql('UPDATE packages SET keeps_untagged = $1', [keepsUntagged]);
    const [old, next] = [randomBlob(), randomBlob()];
    for (const blob of [E, old, next]) await registry.up(NAME, blob);
    await registry.put(NAME, buildCache([old]), ['cache']);
    await registry.put(NAME, buildCache([next]), ['cache']);
    const [due] = await registry.sql<{ minutes: number }>(
      `SELECT extract(epoch FROM review_at - now())::int / 60 AS minutes FROM manifests WHERE digest = $1`,
      [digestOf(buildCache([old]))],
    );
    expect(due?.minutes).toBeGreaterThan(110);
    expect(due?.minutes).toBeLessThanOrEqual(120);
    await registry.collect();
    expect(await registry.has(NAME, buildCache([old])), 'who read the tag before can still fetch it').toBe(true);

    await registry.sql("UPDATE manifests SET review_at = now() - interval '1 second' WHERE review_at IS NOT NULL");
    await registry.collect();
    expect(await registry.has(NAME, buildCache([next])), 'a tag holds it').toBe(true);
    const rows = await registry.sql('SELECT digest FROM manifests');
    expect(rows).toEqual([{ digest: digestOf(buildCache([next])) }]);
    expect(
      await registry.sql('SELECT kind, reason FROM gc_log WHERE digest = $1', [digestOf(buildCache([old]))]),
    ).toEqual([{ kind: 'build_caches', reason: 'a build cache without a tag' }]);
    expect(await violations(registry)).toEqual([]);
  });

  it('is given time anew by a pull', async () => {
    registry = await openRegistry({ untaggedAfter: 30 * DAY });
    const layer = randomBlob();
    for (const blob of [E, layer]) await registry.up(NAME, blob);
    await registry.put(NAME, buildCache([layer]));
    await registry.sql("UPDATE manifests SET review_at = now() - interval '1 second'");
    await registry.sql('INSERT INTO manifest_downloads SELECT id, 1, now() FROM manifests');
    await registry.collect();
    expect(await registry.has(NAME, buildCache([layer]))).toBe(true);
  });
});

describe('over HTTP', () => {
  let berth: TestBerth;
  let owner: Person;

  afterEach(async () => {
    expect(berth.log()).not.toContain('request failed');
    await berth.stop();
  });

  async function start(settings: Record<string, string> = {}): Promise<void> {
    berth = await startBerth(settings);
    owner = await createPerson(berth, 'owner', { member: { acme: 'owner' } });
  }

  async function pushCache(tag: string, form = buildCache, size = 2 * KB): Promise<Document> {
    const layer = randomBlob(size);
    for (const blob of [E, layer]) await owner.v2.up(NAME, blob);
    expect((await owner.v2.put(NAME, tag, form([layer]))).status).toBe(201);
    return form([layer]);
  }

  const inRest = '/orgs/acme/packages/container/app';
  const statusOf = async (reference: string) => (await owner.v2.v2(`/v2/${NAME}/manifests/${reference}`)).status;

  it('is no version: not in the list, not by id, not counted, and never what the package says of itself', async () => {
    await start();
    const document = await owner.v2.push(NAME, '1');
    await pushCache('latest');
    await pushCache('cache', buildCacheIndex);
    const { body } = await owner.rest('GET', `${inRest}/versions`);
    expect(body.map(({ name }: { name: string }) => name)).toEqual([digestOf(document)]);
    expect((await owner.rest('GET', inRest)).body.version_count).toBe(1);
    const caches = await berth.sql<{ id: number }>(`SELECT id FROM manifests WHERE class = 'build_cache'`);
    expect(caches).toHaveLength(2);
    for (const { id } of caches) {
      for (const method of ['GET', 'DELETE']) {
        expect((await owner.rest(method, `${inRest}/versions/${id}`)).status).toBe(404);
      }
    }
    expect((await owner.v2.v2(`/v2/${NAME}/manifests/latest`)).status, 'a client pulls it as ever').toBe(200);
    expect((await (await owner.v2.v2(`/v2/${NAME}/tags/list`)).json()) as object).toMatchObject({
      tags: ['1', 'cache', 'latest'],
    });
  });

  it('keeps within what the package’s admins set', async () => {
    await start({ BERTH_BUILD_CACHE_BUDGET: 'unlimited' });
    const old = await pushCache('old');
    await pushCache('new', buildCacheIndex);
    await collectGarbage(berth);
    expect([await statusOf('old'), await statusOf('new')]).toEqual([200, 200]);
    expect((await owner.rest('GET', `${inRest}/settings`)).body.build_cache_budget).toBeNull();
    for (const wrong of [-1, 1.5, '10g', 'none', {}]) {
      expect((await owner.rest('PATCH', `${inRest}/settings`, { build_cache_budget: wrong })).status).toBe(400);
    }
    const set = async (budget: number | string | null) => {
      const { status, body } = await owner.rest('PATCH', `${inRest}/settings`, { build_cache_budget: budget });
      expect([status, body.build_cache_budget, body.untagged_after_days]).toEqual([200, budget, null]);
    };
    for (const budget of ['unlimited', null, 20_000_000_000_000]) await set(budget);
    await berth.restart(); // what was pulled is counted at the end
    await berth.sql(
      `UPDATE manifest_downloads SET last_at = last_at - interval '1 hour'
      WHERE manifest_id = (SELECT id FROM manifests WHERE digest = $1)`,
      [digestOf(old)],
    );
    await set(3 * KB); // last, as the schedule may come by
    const dry = await collectGarbage(berth, { dry_run: true });
    expect(dry.counts.build_caches).toMatchObject({ count: 1 });
    expect(await statusOf('old')).toBe(200);
  });

  it('goes by schedule, and says so to who asks for it', { timeout: 300_000 }, async () => {
    await start({ BERTH_BUILD_CACHE_BUDGET: '3k' });
    await pushCache('old');
    await pushCache('new');
    const tags = () => berth.sql<{ name: string }>('SELECT name FROM tags'); // asking for one would be using it
    await expect.poll(tags, { timeout: 240_000, interval: 1000 }).toEqual([{ name: 'new' }]);
    expect(await statusOf('new')).toBe(200);
    const answer = (await (await owner.v2.v2(`/v2/${NAME}/manifests/old`)).json()) as {
      errors: Array<{ detail: { removed: object } }>;
    };
    expect(answer.errors[0]?.detail.removed).toMatchObject({ rule: 'build-cache-budget', restorableUntil: null });
    await collectGarbage(berth);
    const [left] = await berth.sql<{ n: number }>('SELECT count(*)::int AS n FROM blobs');
    expect(left?.n, 'config and layer of the one that stays').toBe(2);
  });
});
