import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Digest, RepositoryName } from '#oci';
import { type Actor, ByteBudget, FinishUpload, SessionWriters, UploadLimits, UploadStorage } from '#registry';
import { openStorage } from '#storage';
import { createDatabase } from '../../../test/support/berth.js';
import { createPrisma, type Database } from './database.js';
import { applyMigrations } from './migrate.js';
import { PrismaPackageStore } from './prisma-package-store.js';
import { PrismaUploadSessions } from './prisma-upload-sessions.js';

const ACTOR: Actor = { principal: 'user:1', userId: undefined, login: 'tester', isOverriding: true };
const OTHER_BYTES = `sha256:${'0'.repeat(64)}` as Digest;

let server: Awaited<ReturnType<typeof createDatabase>>;
let database: Database;
let folder: string;
let sessions: PrismaUploadSessions;
let packageId: number;

beforeAll(async () => {
  server = await createDatabase();
  await applyMigrations(server.url, resolve(import.meta.dirname, '../../../prisma/migrations'));
  database = createPrisma(server.url, { poolSize: 4 });
  folder = await mkdtemp(join(tmpdir(), 'berth-sessions-'));
  sessions = new PrismaUploadSessions(database, 3600, 0);
  packageId = await new PrismaPackageStore(database).ensure('acme/app' as RepositoryName, ACTOR);
}, 120_000);

afterAll(async () => {
  await database?.$disconnect();
  await server?.drop();
  if (folder) await rm(folder, { recursive: true });
});

const open = async () => {
  const sessionId = await sessions.open(packageId, ACTOR, 'sha256');
  return { sessionId, packageId, principal: ACTOR.principal };
};

/** A PUT of four bytes under a digest that is not theirs; `meanwhile` runs while its body is on the way. */
async function putWrong(owner: Awaited<ReturnType<typeof open>>, meanwhile: () => Promise<unknown>): Promise<void> {
  const { objects } = await openStorage(
    { BERTH_DATA_DIR: folder, BERTH_S3_FORCE_PATH_STYLE: false },
    { info: () => undefined },
  );
  const storage = new UploadStorage(objects, sessions, new ByteBudget(1024));
  const finish = new FinishUpload(storage, new SessionWriters(), new UploadLimits(undefined));
  const stream = (async function* () {
    yield Buffer.from('by');
    await meanwhile();
    yield Buffer.from('te');
  })();
  await finish.run(owner, OTHER_BYTES, { stream, length: 4, range: undefined });
}

it('bytes of another digest end the session', async () => {
  const owner = await open();
  await expect(putWrong(owner, async () => undefined)).rejects.toMatchObject({ code: 'DIGEST_INVALID' });
  expect(await sessions.find(owner)).toBeUndefined();
});

it('bytes of another digest leave the session alone that another process took meanwhile', async () => {
  const owner = await open();
  const overtake = () => sessions.beginCommit(owner, OTHER_BYTES, undefined);
  await expect(putWrong(owner, overtake)).rejects.toMatchObject({ code: 'DIGEST_INVALID' });
  expect(await sessions.find(owner)).toEqual({ offset: 0 });
});
