// A rule for untagged manifests that changes: a package's, or the instance's between two starts.
import { afterEach, expect, it } from 'vitest';
import { createPrisma, PrismaPackageSettings, PrismaUntaggedRules } from '#database';
import { startBerth } from '../support/berth.js';
import { collectGarbage, createAccounts, E, encode, image, sha256 } from '../support/client.js';
import { ACTOR, openRegistry, type TestRegistry } from './registry.js';

const NAME = 'acme/app';
const DAY = 86_400;
const SETTINGS = { allowSparse: false, buildCacheBudget: 'instance' } as const;

let registry: TestRegistry;
let close: () => Promise<void>;

afterEach(async () => {
  await close();
});

const numbered = (i: number) => image([], { annotations: { number: String(i) } });

async function open(untaggedAfter: number | undefined) {
  registry = await openRegistry({ untaggedAfter });
  const database = createPrisma(registry.url, { poolSize: 2 });
  close = async () => {
    await database.$disconnect();
    await registry.close();
  };
  return database;
}

async function push(name: string, count: number): Promise<void> {
  await registry.up(name, E);
  for (let i = 0; i < count; i++) expect(await registry.put(name, numbered(i), i === 0 ? ['x'] : [])).toBeUndefined();
}

/** In how many days each manifest of a package is looked at. */
const due = async (name: string) =>
  (
    await registry.sql<{ days: number | null }>(
      `SELECT round(extract(epoch FROM review_at - now()) / 86400)::int AS days FROM manifests
       WHERE package_id = $1 ORDER BY id`,
      [await registry.idOf(name)],
    )
  ).map(({ days }) => days);

it("rewrites a package's marks in batches, and goes on where it was broken off", async () => {
  const database = await open(30 * DAY);
  await push(NAME, 8);
  await push('acme/other', 2);
  await registry.collect(); // what has a tag is looked at, too, when its time comes
  const settings = new PrismaPackageSettings(database);
  const change = async (untaggedAfter: number | 'never' | 'instance') =>
    settings.change(await registry.idOf(NAME), { ...SETTINGS, untaggedAfter }, ACTOR);
  expect(await change(7 * DAY)).toBe(true);
  const before = await due(NAME);
  expect(new Set(before), 'nothing in the transaction of the change').toEqual(new Set([30]));
  expect(await new PrismaUntaggedRules(database, 30 * DAY).rewriteSome(3)).toBe(true);
  expect(await due(NAME), 'three of them, one of which has a tag').toEqual([30, 7, 7, 30, 30, 30, 30, 30]);
  await registry.collect(); // another process, later
  expect(await due(NAME)).toEqual([30, 7, 7, 7, 7, 7, 7, 7]);
  expect(await due('acme/other')).toEqual([30, 30]);
  await change('never');
  await registry.collect();
  expect(await due(NAME)).toEqual([30, ...Array(7).fill(null)]);
  await change('instance');
  await registry.collect();
  expect(await due(NAME)).toEqual(Array(8).fill(30));
  expect(await new PrismaUntaggedRules(database, 30 * DAY).rewriteSome(3), 'nothing is left').toBe(false);
});

it("rewrites the marks of all packages that go by the instance's rule when that changed", async () => {
  const database = await open(30 * DAY);
  for (const name of [NAME, 'acme/second', 'acme/own', 'acme/kept']) await push(name, 3);
  const settings = new PrismaPackageSettings(database);
  await settings.change(await registry.idOf('acme/own'), { ...SETTINGS, untaggedAfter: 9 * DAY }, ACTOR);
  await settings.change(await registry.idOf('acme/kept'), { ...SETTINGS, untaggedAfter: 'never' }, ACTOR);
  await registry.collect();

  const rewrite = async (rules: PrismaUntaggedRules, limit: number) => {
    await rules.noteInstanceRule();
    while (await rules.rewriteSome(limit));
  };
  await rewrite(new PrismaUntaggedRules(database, 30 * DAY), 2);
  const sooner = new PrismaUntaggedRules(database, 5 * DAY);
  await sooner.noteInstanceRule();
  await sooner.rewriteSome(2); // broken off
  await rewrite(new PrismaUntaggedRules(database, 5 * DAY), 2);
  for (const name of [NAME, 'acme/second']) expect(await due(name)).toEqual([30, 5, 5]);
  expect(await due('acme/own')).toEqual([30, 9, 9]);
  expect(await due('acme/kept')).toEqual([30, null, null]);

  await rewrite(new PrismaUntaggedRules(database, undefined), 100);
  expect(await due(NAME), 'never').toEqual([30, null, null]);
  await rewrite(new PrismaUntaggedRules(database, undefined), 100);
  await rewrite(new PrismaUntaggedRules(database, 0), 100);
  expect(await due(NAME)).toEqual([30, 0, 0]);
});

it('notices at a start that BERTH_UNTAGGED_AFTER is another than before', async () => {
  const berth = await startBerth();
  close = async () => void (await berth.stop());
  const { pusher } = await createAccounts(berth);
  await pusher.up(NAME, E);
  expect((await pusher.put(NAME, sha256(encode(numbered(1))), numbered(1))).status).toBe(201);
  const dueIn = async () =>
    (
      await berth.sql<{ days: number }>(
        'SELECT round(extract(epoch FROM review_at - now()) / 86400)::int AS days FROM manifests',
      )
    )[0]?.days;
  await collectGarbage(berth, {});
  expect(await dueIn()).toBe(30);
  await berth.restart({ BERTH_UNTAGGED_AFTER: '3d' });
  await collectGarbage(berth, {});
  expect(await dueIn()).toBe(3);
});
