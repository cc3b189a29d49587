import { resolve } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { RepositoryName } from '#oci';
import type { Actor } from '#registry';
import { createDatabase } from '../../../test/support/berth.js';
import { createPrisma, type Database } from './database.js';
import { applyMigrations } from './migrate.js';
import { PrismaPackageDirectory } from './prisma-package-directory.js';
import { PrismaPackageStore } from './prisma-package-store.js';

const ACTOR: Actor = { principal: 'user:1', userId: undefined, login: 'tester', isOverriding: true };

let server: Awaited<ReturnType<typeof createDatabase>>;
let database: Database;
let packages: PrismaPackageStore;

beforeAll(async () => {
  server = await createDatabase();
  await applyMigrations(server.url, resolve(import.meta.dirname, '../../../prisma/migrations'));
  database = createPrisma(server.url, { poolSize: 4 });
  packages = new PrismaPackageStore(database);
}, 120_000);

afterAll(async () => {
  await database?.$disconnect();
  await server?.drop();
});

it('publishes the package that was judged, not the one that has its name by now', async () => {
  const directory = new PrismaPackageDirectory(database, { restoreWindow: 60, maxDownloads: undefined });
  const name = 'acme/app' as RepositoryName;
  const judged = await packages.ensure(name, ACTOR);
  expect(await directory.remove(judged, ACTOR)).toBe('removed');
  const later = await packages.ensure(name, ACTOR);
  expect(await packages.setVisibility(judged, 'public', ACTOR)).toBe(false);
  const visibility = async () => (await server.sql('SELECT id, visibility FROM packages ORDER BY id')).slice(-2);
  expect(await visibility()).toEqual([
    { id: judged, visibility: 'private' },
    { id: later, visibility: 'private' },
  ]);
  expect(await packages.setVisibility(later, 'internal', ACTOR)).toBe(true);
  expect(await packages.setVisibility(name, 'public', ACTOR)).toBe(true);
  expect(await visibility()).toContainEqual({ id: later, visibility: 'public' });
  const told = await server.sql(`SELECT target FROM audit_log WHERE action = 'package.visibility'`);
  expect(told).toEqual([{ target: name }, { target: name }]);
});
