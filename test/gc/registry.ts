import { existsSync } from 'node:fs';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import {
  applyMigrations,
  createPrisma,
  PrismaBlobIndex,
  PrismaGarbage,
  PrismaGcRunQueue,
  PrismaGcRuns,
  PrismaManifestStore,
  PrismaPackageDirectory,
  PrismaPackageSettings,
  PrismaPackageStore,
  PrismaReconcileRuns,
  PrismaReconciling,
  PrismaRetentionStore,
  PrismaRetentionWork,
  PrismaScrubbing,
  PrismaScrubControl,
  PrismaTagStore,
  PrismaUntaggedRules,
  PrismaUploadSessions,
  PrismaVersionStore,
} from '#database';
import { type Digest, parseManifest, RegistryError, type RepositoryName, referencesOf } from '#oci';
import {
  type Actor,
  ApplyRetention,
  ByteBudget,
  CollectBlobs,
  CollectLinks,
  Collectors,
  CollectUntagged,
  DeleteObjects,
  EvictBuildCaches,
  ExpireUploads,
  FinishUpload,
  GcBrake,
  LocalObjectHasher,
  NoTraffic,
  type ObjectStore,
  type OwnedObjectStore,
  Purge,
  Reconcile,
  RewriteMarks,
  RunGc,
  Scrub,
  type ScrubFound,
  SessionWriters,
  UploadLimits,
  UploadStorage,
} from '#registry';
import { openStorage, type StorageSettings } from '#storage';
import { type Document, encode, sha256 } from '../support/client.js';
import { createDatabase, openDatabase } from '../support/database.js';

/** Where Linux has it, a folder that waits for no disk. */
const MEMORY = '/dev/shm';
const MIGRATIONS = resolve(import.meta.dirname, '../../prisma/migrations');

export const ACTOR: Actor = { principal: 'user:1', userId: undefined, login: 'tester', isOverriding: true };

/** The registry without HTTP: its use cases and collectors over a database and a folder of a test's own. */
export type TestRegistry = Awaited<ReturnType<typeof openRegistry>>;

interface Options {
  connections?: number;
  untaggedAfter?: number | undefined;
  restoreWindow?: number;
  backupHorizon?: number;
  buildCacheBudget?: number;
  /** The bucket of its objects, where they are in no folder. */
  bucket?: Pick<StorageSettings, 'BERTH_S3_BUCKET' | 'BERTH_S3_ENDPOINT'>;
  /** A database and the folder of its objects that are there already, and stay. */
  existing?: { url: string; folder: string };
}

export async function openRegistry({
  connections = 10,
  untaggedAfter,
  restoreWindow = 0,
  backupHorizon = 0,
  buildCacheBudget,
  bucket,
  existing,
}: Options = {}) {
  const database = existing ? openDatabase(existing.url) : await createDatabase();
  await applyMigrations(database.url, MIGRATIONS);
  // Nobody pulls the plug of this one, and waiting for the disk only keeps what races apart.
  await database.sql(`ALTER DATABASE ${new URL(database.url).pathname.slice(1)} SET synchronous_commit = off`);
  // The daily one is over: tests ask for their own.
  await database.sql("INSERT INTO reconcile_runs (state, started_at, finished_at) VALUES ('done', now(), now())");
  const prisma = createPrisma(database.url, { poolSize: connections });
  const folder = existing?.folder ?? (await mkdtemp(join(existsSync(MEMORY) ? MEMORY : tmpdir(), 'berth-gc-')));
  const { objects } = await openStorage(
    { BERTH_DATA_DIR: folder, BERTH_S3_FORCE_PATH_STYLE: true, ...bucket },
    { info: () => undefined },
  );
  const rules = { grace: 0, untaggedAfter, restoreWindow, backupHorizon, buildCacheBudget };
  const sessions = new PrismaUploadSessions(prisma, rules.grace, backupHorizon);
  const manifests = new PrismaManifestStore(prisma, untaggedAfter);
  const tags = new PrismaTagStore(prisma, untaggedAfter);
  const blobs = new PrismaBlobIndex(prisma, rules.grace);
  const packages = new PrismaPackageStore(prisma);
  const garbage = new PrismaGarbage(prisma, rules);
  const policies = new PrismaRetentionStore(prisma);
  const deleting = { restoreWindow, maxDownloads: undefined };
  const versions = new PrismaVersionStore(prisma, untaggedAfter, deleting);
  const directory = new PrismaPackageDirectory(prisma, deleting);
  const runs = new PrismaGcRuns(prisma);
  const queue = new PrismaGcRunQueue(prisma);
  const reconcileRuns = new PrismaReconcileRuns(prisma);
  const scrubControl = new PrismaScrubControl(prisma);
  const storage = new UploadStorage(objects, sessions, new ByteBudget(64 * 1024 * 1024));
  const finish = new FinishUpload(storage, new SessionWriters(), new UploadLimits(undefined));
  const ids = new Map<string, number>();

  const idOf = async (name: string): Promise<number> => {
    const known = ids.get(name) ?? (await packages.ensure(name as RepositoryName, ACTOR));
    ids.set(name, known);
    return known;
  };

  const collectors = () => {
    const brake = new GcBrake(runs, new NoTraffic());
    return new Collectors(
      new RewriteMarks(new PrismaUntaggedRules(prisma, untaggedAfter), brake),
      new ApplyRetention(policies, new PrismaRetentionWork(prisma, rules), brake),
      new CollectUntagged(garbage, brake),
      new EvictBuildCaches(garbage, brake),
      new Purge(garbage, brake),
      new ExpireUploads(garbage, brake),
      new CollectLinks(garbage, brake),
      new CollectBlobs(garbage, brake),
      new DeleteObjects(garbage, objects, brake),
    );
  };

  return {
    url: database.url,
    folder,
    sql: database.sql,
    objects,
    garbage,
    policies,
    runs,
    reconcileRuns,
    scrubControl,
    packageSettings: new PrismaPackageSettings(prisma),
    idOf,

    /** Uploads a blob as POST and PUT do. */
    async up(name: string, bytes: Uint8Array): Promise<void> {
      const packageId = await idOf(name);
      const sessionId = await sessions.open(packageId, ACTOR, 'sha256');
      const stream = (async function* () {
        yield bytes;
      })();
      const body = { stream, length: bytes.length, range: undefined };
      await finish.run({ sessionId, packageId, principal: ACTOR.principal }, sha256(bytes) as Digest, body);
    },

    /** Begins an upload as POST does, whose time has passed. */
    async abandon(name: string): Promise<void> {
      const id = await sessions.open(await idOf(name), ACTOR, 'sha256');
      await database.sql("UPDATE upload_sessions SET expires_at = now() - interval '1 second' WHERE id = $1", [id]);
    },

    /** Whether the package has the blob, as HEAD asks: a yes is a lease. */
    async head(name: string, digest: string): Promise<boolean> {
      return (await blobs.lease(await idOf(name), digest as Digest)) !== undefined;
    },

    async mount(name: string, digest: string, from: string): Promise<boolean> {
      const target = { name: name as RepositoryName, packageId: await idOf(name), isPublished: true };
      return blobs.mount(target, digest as Digest, await idOf(from));
    },

    /** The code of the refusal, or nothing. */
    async put(name: string, document: Document, tagNames: string[] = []): Promise<string | undefined> {
      const bytes = encode(document);
      const manifest = parseManifest(bytes, document.mediaType);
      const push = {
        packageId: await idOf(name),
        actor: ACTOR,
        digest: sha256(bytes) as Digest,
        bytes,
        manifest,
        references: referencesOf(manifest),
        tags: tagNames,
        source: undefined,
        metadata: undefined,
      };
      return refusalOf(manifests.put(push as Parameters<typeof manifests.put>[0]));
    },

    /** Whether it is there, as a GET by digest asks. */
    async has(name: string, document: Document): Promise<boolean> {
      const reference = { kind: 'digest' as const, digest: sha256(encode(document)) as Digest };
      return (await manifests.find(await idOf(name), reference)) !== undefined;
    },

    async removeManifest(name: string, digest: string) {
      return manifests.remove(await idOf(name), digest as Digest, ACTOR);
    },

    async removeTag(name: string, tag: string): Promise<boolean> {
      return tags.remove(await idOf(name), tag, ACTOR);
    },

    removeVersion: async (name: string, versionId: number) => versions.remove(await idOf(name), [versionId], ACTOR),
    restoreVersion: async (name: string, versionId: number) => versions.restore(await idOf(name), versionId, ACTOR),
    removePackage: async (name: string) => directory.remove(await idOf(name), ACTOR),
    restorePackage: async (name: string) => directory.restore(await idOf(name), ACTOR),

    /** The package was purged: the next push makes another one. */
    forget: (name: string) => ids.delete(name),

    /** A manifest and everything that it names, read from the store: what is missing, by digest. */
    async holesOf(name: string, document: Document): Promise<string[]> {
      const packageId = await idOf(name);
      const holes: string[] = [];
      for (const { kind, digest } of referencesOf(parseManifest(encode(document), document.mediaType))) {
        if (kind === 'manifest') {
          if (!(await manifests.find(packageId, { kind: 'digest', digest }))) holes.push(digest);
          continue;
        }
        const blob = await blobs.find(packageId, digest);
        if (!blob || (await objects.size(blob.objectKey)) !== blob.size) holes.push(digest);
      }
      return holes;
    },

    askToReconcile: () => reconcileRuns.start(false, ACTOR),
    askToScrub: () => scrubControl.start(ACTOR),

    /** Asks for a run with no grace, and leaves it to a worker. */
    start: () => runs.start({ grace: 0, isDryRun: false }, ACTOR),

    /** One run of collection with no grace, to its end. */
    async collect(isDryRun = false): Promise<number> {
      const id = await runs.start({ grace: 0, isDryRun }, ACTOR);
      await new RunGc(queue, garbage, collectors()).run();
      return id;
    },

    /** Works off the comparisons that were asked for, over this store. */
    workOffReconciles: (store: OwnedObjectStore = objects) =>
      new Reconcile(new PrismaReconciling(prisma, backupHorizon), store, new GcBrake(runs, new NoTraffic())).run(),

    /** One comparison, to its end. */
    async reconcile(isDryRun = false, store: OwnedObjectStore = objects) {
      const id = await reconcileRuns.start(isDryRun, ACTOR);
      await this.workOffReconciles(store);
      const run = await reconcileRuns.find(id);
      if (run?.state !== 'done') throw new Error(`the comparison is ${run?.state}: ${run?.error}`);
      return run;
    },

    /** Asks for a pass of the scrub, and works it off. */
    async scrub(...as: Parameters<typeof this.workOffScrub>) {
      await scrubControl.start(ACTOR);
      return this.workOffScrub(...as);
    },

    /** Scrubs as this worker until nothing is due, or `signal` ends it. */
    async workOffScrub(worker = 'worker', signal = new AbortController().signal, store: ObjectStore = objects) {
      const found: ScrubFound[] = [];
      await new Scrub(new PrismaScrubbing(prisma), store, new LocalObjectHasher(store)).run(worker, signal, (stretch) =>
        found.push(stretch),
      );
      return found;
    },

    /** As an operator sets it. */
    setScrub: (mode: 'on' | 'off', pace: number) => scrubControl.set({ mode, pace }, ACTOR),

    /** Collects for as long as `work` goes on, without a pause. */
    async collectDuring<T>(work: Promise<T>): Promise<T> {
      let isOver = false;
      const settled = work.finally(() => {
        isOver = true;
      });
      settled.catch(() => undefined);
      const {
        marks,
        retention,
        untagged,
        buildCaches,
        purge,
        links,
        blobs: idleBlobs,
        objects: deletions,
      } = collectors();
      const pass = { runId: undefined, grace: 0, isDryRun: false };
      while (!isOver) {
        await marks.run();
        await retention.run(pass);
        await untagged.run(pass);
        await buildCaches.run(pass);
        await purge.run(pass);
        await links.run(pass);
        await idleBlobs.run(pass);
        await deletions.run();
      }
      return settled;
    },

    /** Keys of all objects in the store. */
    async keys(): Promise<string[]> {
      const found = await readdir(join(folder, 'objects', 'objects'), { recursive: true, withFileTypes: true });
      return found
        .filter((entry) => entry.isFile())
        .map((entry) => entry.name)
        .sort();
    },

    /** The database as it is now, as a backup would be. */
    copyDatabase: () => createDatabase(database.url),

    async close(): Promise<void> {
      await prisma.$disconnect();
      if (existing) return;
      await database.drop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function refusalOf(work: Promise<unknown>): Promise<string | undefined> {
  try {
    await work;
    return undefined;
  } catch (error) {
    if (error instanceof RegistryError) return error.code;
    throw error;
  }
}

/**
 * What must hold whenever nobody is at work and everything was collected: the store has the objects of blobs and no other,
 * every blob is held by a package, everything that a manifest names is there.
 */
export async function violations(registry: TestRegistry): Promise<string[]> {
  const rows = await registry.sql<{ what: string }>(`
    SELECT 'orphan blob ' || digest AS what FROM blobs b WHERE NOT EXISTS (SELECT FROM package_blobs WHERE blob_id = b.id)
    UNION ALL SELECT 'unused link ' || digest FROM package_blobs pb
      WHERE NOT EXISTS (SELECT FROM manifest_blobs u WHERE u.package_id = pb.package_id AND u.digest = pb.digest)
        AND NOT EXISTS (SELECT FROM manifest_missing u WHERE u.package_id = pb.package_id AND u.digest = pb.digest)
    UNION ALL SELECT 'deleted child ' || c.digest FROM manifest_children c JOIN manifests p ON p.id = c.manifest_id
      JOIN manifests m ON m.package_id = c.package_id AND m.digest = c.digest
      WHERE p.deleted_at IS NULL AND m.deleted_at IS NOT NULL
    UNION ALL SELECT 'object still queued ' || object_key FROM object_deletions WHERE NOT is_repeat
    UNION ALL SELECT 'queued object of a blob ' || d.object_key FROM object_deletions d JOIN blobs b USING (object_key)`);
  const blobs = await registry.sql<{ key: string }>('SELECT object_key AS key FROM blobs ORDER BY object_key');
  const expected = new Set(blobs.map(({ key }) => key));
  const keys = new Set(await registry.keys());
  return [
    ...rows.map(({ what }) => what),
    ...[...expected].filter((key) => !keys.has(key)).map((key) => `lost object ${key}`),
    ...[...keys].filter((key) => !expected.has(key)).map((key) => `object that nobody knows ${key}`),
  ];
}
