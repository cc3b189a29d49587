import { resolve } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { RepositoryName } from '#oci';
import type { Actor } from '#registry';
import { createDatabase } from '../../../test/support/berth.js';
import { createPrisma, type Database } from './database.js';
import { applyMigrations } from './migrate.js';
import { PrismaGcRuns } from './prisma-gc-runs.js';
import { PrismaPackageSettings } from './prisma-package-settings.js';
import { PrismaPackageStore } from './prisma-package-store.js';
import { PrismaUntaggedRules } from './prisma-untagged-rules.js';

// Settings of which a request names some: the others stay as they are at the moment of the change, not of the request.

const ACTOR: Actor = { principal: 'user:1', userId: undefined, login: 'tester', isOverriding: true };

let server: Awaited<ReturnType<typeof createDatabase>>;
let database: Database;

beforeAll(async () => {
  server = await createDatabase();
  await applyMigrations(server.url, resolve(import.meta.dirname, '../../../prisma/migrations'));
  database = createPrisma(server.url, { poolSize: 4 });
}, 120_000);

afterAll(async () => {
  await database?.$disconnect();
  await server?.drop();
});

it('two changes of different settings of a package at once both hold', async () => {
  const settings = new PrismaPackageSettings(database);
  const id = await new PrismaPackageStore(database).ensure('acme/app' as RepositoryName, ACTOR);
  await Promise.all([
    settings.change(id, { allowSparse: true }, ACTOR),
    settings.change(id, { untaggedAfter: 7200 }, ACTOR),
    settings.change(id, { buildCacheBudget: 5_000_000_000 }, ACTOR),
  ]);
  const buildCacheBudget = 5_000_000_000;
  expect(await settings.find(id)).toEqual({ allowSparse: true, untaggedAfter: 7200, buildCacheBudget });
  expect(await settings.change(id, { untaggedAfter: 'never' }, ACTOR)).toBe(true);
  expect(await settings.find(id)).toEqual({ allowSparse: true, untaggedAfter: 'never', buildCacheBudget });
  expect(await settings.change(id, { allowSparse: false }, ACTOR)).toBe(true);
  expect(await settings.find(id)).toEqual({ allowSparse: false, untaggedAfter: 'never', buildCacheBudget });
  expect(await settings.change(id, { untaggedAfter: 'instance' }, ACTOR)).toBe(true);
  expect(await settings.find(id)).toEqual({ allowSparse: false, untaggedAfter: 'instance', buildCacheBudget });
  for (const budget of ['unlimited', 'instance'] as const) {
    await settings.change(id, { buildCacheBudget: budget }, ACTOR);
    expect(await settings.find(id)).toEqual({
      allowSparse: false,
      untaggedAfter: 'instance',
      buildCacheBudget: budget,
    });
  }
  expect(await settings.change(id + 1, { allowSparse: true }, ACTOR)).toBe(false);
  const audited = await server.sql<{ data: object }>(`SELECT data - 'principal' - 'as' AS data FROM audit_log
    WHERE action = 'package.settings' ORDER BY id OFFSET 3 LIMIT 3`);
  expect(audited.map(({ data }) => data)).toEqual([
    { untaggedAfter: 'never' },
    { allowSparse: false },
    { untaggedAfter: 'instance' },
  ]);
});

it('a changed rule gives what has no tag a new time, an unchanged one does not', async () => {
  const settings = new PrismaPackageSettings(database);
  const id = await new PrismaPackageStore(database).ensure('acme/old' as RepositoryName, ACTOR);
  await server.sql(
    `INSERT INTO manifests (package_id, digest, media_type, class, bytes, size)
     VALUES ($1, 'sha256:' || repeat('1', 64), 'application/json', 'other', '\\x7b7d', 2)`,
    [id],
  );
  const rules = new PrismaUntaggedRules(database, undefined);
  const reviewAt = async () => {
    while (await rules.rewriteSome(10)); // as the worker does
    return (await server.sql('SELECT review_at FROM manifests WHERE package_id = $1', [id]))[0]?.review_at;
  };
  await settings.change(id, { untaggedAfter: 3600 }, ACTOR);
  const given = await reviewAt();
  expect(given).toBeInstanceOf(Date);
  await settings.change(id, { untaggedAfter: 3600, allowSparse: true }, ACTOR);
  await settings.change(id, { allowSparse: false }, ACTOR);
  expect(await reviewAt()).toEqual(given);
  await settings.change(id, { untaggedAfter: 'never' }, ACTOR);
  expect(await reviewAt()).toBeNull();
});

it('two changes of the control of collection at once both hold', async () => {
  const runs = new PrismaGcRuns(database);
  await Promise.all([
    runs.changeControl({ mode: 'paused', pace: undefined }, ACTOR),
    runs.changeControl({ mode: undefined, pace: 50 }, ACTOR),
  ]);
  expect(await runs.control()).toEqual({ mode: 'paused', pace: 50 });
  expect(await runs.changeControl({ mode: 'on', pace: undefined }, ACTOR)).toEqual({ mode: 'on', pace: 50 });
  const unbound = { mode: undefined, pace: 'as fast as it goes' } as const;
  expect(await runs.changeControl(unbound, ACTOR)).toEqual({ mode: 'on', pace: undefined });
});
