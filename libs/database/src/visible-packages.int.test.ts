import { resolve } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { authorize } from '#auth';
import type { RepositoryName } from '#oci';
import { createDatabase } from '../../../test/support/berth.js';
import { createPrisma, type Database } from './database.js';
import { applyMigrations } from './migrate.js';
import { PrismaAccessFactsStore } from './prisma-access-facts-store.js';
import { PrismaPackageDirectory } from './prisma-package-directory.js';
import { PrismaPackageStore } from './prisma-package-store.js';

// What a list shows is what `authorize()` lets be pulled, one by one: every user, with every kind of right, on every package.

let server: Awaited<ReturnType<typeof createDatabase>>;
let database: Database;

beforeAll(async () => {
  server = await createDatabase();
  await applyMigrations(server.url, resolve(import.meta.dirname, '../../../prisma/migrations'));
  database = createPrisma(server.url, { poolSize: 4 });
  await server.sql(WORLD);
}, 120_000);

afterAll(async () => {
  await database?.$disconnect();
  await server?.drop();
});

/** Users 1 to 9, a token each and some more; packages of an organisation, of one that wants sign-on, and of a user. */
const WORLD = `
  INSERT INTO users (login, login_key) SELECT 'u' || i, 'u' || i FROM generate_series(1, 9) AS i;
  INSERT INTO namespaces (path, login, kind, user_id) VALUES ('acme', 'acme', 'organisation', NULL),
    ('strict', 'strict', 'organisation', NULL), ('u9', 'u9', 'user', 9);
  UPDATE namespaces SET requires_sso = true WHERE path = 'strict';
  -- 1 owns, 2 and 3 are members, 4 to 8 hold roles, 3 is in a team
  INSERT INTO members (namespace_id, user_id, role) VALUES (1, 1, 'owner'), (1, 2, 'member'), (1, 3, 'member'),
    (2, 1, 'owner'), (2, 2, 'member');
  INSERT INTO teams (namespace_id, slug, name, parent_id, lineage) VALUES (1, 'outer', 'outer', NULL, ARRAY[1]);
  INSERT INTO teams (namespace_id, slug, name, parent_id, lineage) VALUES (1, 'inner', 'inner', 1, ARRAY[1, 2]);
  INSERT INTO team_members (team_id, user_id, namespace_id) VALUES (2, 3, 1);
  INSERT INTO sources (namespace_id, url) VALUES (1, 'https://git.example/acme/app');
  INSERT INTO packages (namespace_id, visibility, source_id, inherits, publisher_id, published_at) VALUES
    (1, 'private', NULL, false, 2, now()), (1, 'internal', NULL, false, NULL, now()), (1, 'public', NULL, false, NULL, now()),
    (1, 'private', 1, true, NULL, now()), (1, 'private', 1, false, NULL, now()), (1, 'private', NULL, false, 4, now()),
    (2, 'private', NULL, false, 2, now()), (2, 'internal', NULL, false, NULL, now()), (2, 'public', NULL, false, NULL, now()),
    (3, 'private', NULL, false, 9, now());
  INSERT INTO package_names (full_name, package_id)
    SELECT n.path || '/p' || p.id, p.id FROM packages p JOIN namespaces n ON n.id = p.namespace_id;
  INSERT INTO package_roles (package_id, user_id, role) VALUES (1, 5, 'read'), (10, 5, 'write'), (7, 5, 'admin');
  INSERT INTO package_team_roles (package_id, team_id, role) VALUES (1, 1, 'read'), (5, 2, 'write');
  INSERT INTO source_roles (source_id, user_id, role) VALUES (1, 6, 'read');
  INSERT INTO source_team_roles (source_id, team_id, role) VALUES (1, 1, 'read');
  INSERT INTO access_tokens (user_id, name, hash, scopes)
    SELECT u.id, s.name, sha256((u.login || s.name)::bytea), s.scopes FROM users u,
      (VALUES ('plain', ARRAY['read:packages']), ('administrator', ARRAY['read:packages', 'admin:registry']),
        ('here', ARRAY['read:packages']), ('elsewhere', ARRAY['read:packages']), ('one', ARRAY['read:packages']),
        ('signed on', ARRAY['read:packages'])) AS s (name, scopes);
  UPDATE access_tokens SET namespace_id = 1 WHERE name = 'here';
  UPDATE access_tokens SET namespace_id = 3 WHERE name = 'elsewhere';
  UPDATE access_tokens SET package_ids = ARRAY[1, 8] WHERE name = 'one';
  INSERT INTO access_token_sso (token_id, namespace_id) SELECT id, 2 FROM access_tokens WHERE name = 'signed on';
`;

it('shows in a list exactly what may be pulled', async () => {
  const facts = new PrismaAccessFactsStore(database);
  const directory = new PrismaPackageDirectory(database, { restoreWindow: 60, maxDownloads: undefined });
  const tokens = await server.sql<{ id: number; userId: number; name: string }>(
    `SELECT id, user_id AS "userId", name FROM access_tokens ORDER BY id`,
  );
  const names = await server.sql<{ name: RepositoryName }>(
    'SELECT full_name AS name FROM package_names ORDER BY full_name',
  );
  let shown = 0;
  for (const { id: tokenId, userId, name: kind } of tokens) {
    const viewer = { userId: kind === 'administrator' ? undefined : userId, tokenId };
    const listed: string[] = [];
    for (const ownerId of [1, 2, 3]) {
      const page = { limit: 100, offset: 0, after: undefined };
      const { items, total } = await directory.list({ ownerId, viewer, visibility: undefined }, page);
      expect(total).toBe(items.length);
      listed.push(...items.map(({ name }) => name));
    }
    const pullable: string[] = [];
    for (const { name } of names) {
      const found = await facts.find({ kind: 'user', userId, tokenId }, name);
      if (found !== 'revoked' && authorize('pull', found).isAllowed) pullable.push(name);
    }
    // An administrator who has a role of their own there is held to sign-on by the package and not by the list, which shows
    // what another administrator's token could override.
    const isTold = (name: string) => kind !== 'administrator' || !name.startsWith('strict/');
    expect([userId, kind, listed.filter(isTold).sort()]).toEqual([userId, kind, pullable.filter(isTold).sort()]);
    shown += listed.length;
  }
  expect(shown).toBeGreaterThan(150);
});

it('has in the catalog exactly what a right of the own lets be pulled', async () => {
  const facts = new PrismaAccessFactsStore(database);
  const packages = new PrismaPackageStore(database);
  const tokens = await server.sql<{ id: number; userId: number }>(
    `SELECT id, user_id AS "userId" FROM access_tokens WHERE name <> 'administrator' ORDER BY id`,
  );
  const names = await server.sql<{ name: RepositoryName }>(
    'SELECT full_name AS name FROM package_names ORDER BY full_name',
  );
  let shown = 0;
  for (const { id: tokenId, userId } of tokens) {
    const listed: string[] = [];
    for (let after: string | undefined, isFirst = true; isFirst || after !== undefined; isFirst = false) {
      const { items, next } = await packages.list({ userId, tokenId }, { limit: 2, after });
      listed.push(...items);
      after = next;
    }
    const own: string[] = [];
    for (const { name } of names) {
      const found = await facts.find({ kind: 'user', userId, tokenId }, name);
      // What everybody, or every member, may pull is no right of one's own.
      if (found === 'revoked' || !found.package) continue;
      const asPrivate = { ...found, package: { ...found.package, visibility: 'private' as const } };
      if (authorize('pull', asPrivate).isAllowed) own.push(name);
    }
    expect([userId, tokenId, listed]).toEqual([userId, tokenId, own]);
    shown += listed.length;
  }
  expect(shown).toBeGreaterThan(50);
});

it('looks for the catalog of somebody with few rights at few names, however many there are', async () => {
  await server.sql(`
    INSERT INTO packages (namespace_id, visibility, published_at) SELECT 1, 'private', now() FROM generate_series(1, 20000);
    INSERT INTO package_names (full_name, package_id) SELECT 'acme/x' || id, id FROM packages WHERE id > 10;
    ANALYZE packages, package_names, package_roles, namespaces, members`);
  // 2 is a member and published a package there, 5 has roles, 9 owns a namespace, 1 owns the large one.
  for (const [userId, atMost] of [
    [2, 100],
    [5, 100],
    [9, 100],
    [1, 1000],
  ] as const) {
    const [token] = await server.sql<{ id: number }>(
      `SELECT id FROM access_tokens WHERE user_id = ${userId} AND name = 'plain'`,
    );
    await database.$transaction(async (tx) => {
      const packages = new PrismaPackageStore(tx as Database);
      const before = await rowsRead(tx);
      const { items } = await packages.list({ userId, tokenId: token?.id ?? 0 }, { limit: 100, after: undefined });
      expect(items.length).toBeGreaterThan(0);
      expect((await rowsRead(tx)) - before, `rows read for user ${userId}`).toBeLessThan(atMost);
    });
  }
});

/** Rows of packages and names that this connection has read and not yet reported. */
async function rowsRead(tx: Pick<Database, '$queryRaw'>): Promise<number> {
  const [sum] = await tx.$queryRaw<Array<{ rows: number }>>`
    SELECT sum(seq_tup_read + coalesce(idx_tup_fetch, 0))::float8 AS rows FROM pg_stat_xact_user_tables
    WHERE relname IN ('packages', 'package_names')`;
  return sum?.rows ?? 0;
}
