// Something to do for every job of the worker, and copies of it that workers of their own work off, each the same.
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { Queue } from 'bullmq';
import { createPrisma, PrismaPackageSettings } from '#database';
import { openQueues, QUEUES } from '#queue';
import { CollectBlobs, CollectLinks, GcBrake, NoTraffic } from '#registry';
import { type S3Server, startS3Server } from '#testing';
import { buildCache, type Document, descriptor, E, encode, image, index, sha256 } from '../support/client.js';
import { createDatabase } from '../support/database.js';
import { type BerthProcess, startProcess } from '../support/process.js';
import { startRedis } from '../support/redis.js';
import type { JobQueue } from './job-failpoints.js';
import { ACTOR, openRegistry, type TestRegistry } from './registry.js';

export type Backend = 'Redis' | 'PostgreSQL';

const NAME = 'acme/kills';
const MIB = 2 ** 20;
const DAY = 86_400;
const SETTINGS = { allowSparse: false, buildCacheBudget: 'instance' } as const;
/** Several at once, on a machine that may be busy. */
const READY_MS = 240_000;

/** Rows that workers write: their numbers have gaps where a transaction did not end. */
const NUMBERED = new Set(['gc_log', 'tombstones', 'events', 'audit_log', 'reconcile_findings', 'tag_log']);
/**
 * Who holds a thing, how long the pace makes others wait, and when a package is to be looked at again, which one that looked
 * before its tags went says too early: not what came out.
 */
const PASSING: Record<string, string[]> = {
  scrub: ['worker'],
  gc_control: ['paid_until'],
  retention_looks: ['due_at'],
};

export type Killable = Awaited<ReturnType<typeof makeKillable>>;
export type Copy = Awaited<ReturnType<Killable['copy']>>;

export async function makeKillable() {
  const s3 = await startS3Server();
  Object.assign(process.env, s3.credentials);
  const bucket = await s3.createBucket();
  const registry = await openRegistry({
    untaggedAfter: 0,
    bucket: { BERTH_S3_BUCKET: bucket, BERTH_S3_ENDPOINT: s3.endpoint },
  });
  await fill(registry);
  const cache = await mkdtemp(join(tmpdir(), 'berth-compiled-'));
  return {
    copy: (backend: Backend, job?: JobQueue) => copyOf(registry, s3, bucket, cache, backend, job),
    async close() {
      await registry.close();
      await s3.stop();
      await rm(cache, { recursive: true, force: true });
    },
  };
}

/** In an order in which each step leaves what the ones before it made. */
async function fill(registry: TestRegistry): Promise<void> {
  const brake = new GcBrake(registry.runs, new NoTraffic());
  const pass = { runId: undefined, grace: 0, isDryRun: false };
  // Objects without a blob, blobs without a package, links without a manifest.
  await registry.up(NAME, Buffer.from('an object'));
  await new CollectLinks(registry.garbage, brake).run(pass);
  await new CollectBlobs(registry.garbage, brake).run(pass);
  await registry.up(NAME, Buffer.from('a blob'));
  await new CollectLinks(registry.garbage, brake).run(pass);
  await registry.up(NAME, Buffer.from('a link'));

  const layers = ['kept', 'kept, too', 'gone', 'rotten'].map((text) => Buffer.from(text));
  const [, , gone, rotten] = layers as [Buffer, Buffer, Buffer, Buffer];
  layers.push(randomBytes(3 * MIB));
  await push(registry, NAME, image(layers), ['kept'], layers);
  await push(registry, NAME, index([image(layers)]), ['kept-too']);

  const layer = Buffer.from('garbage');
  const versions = [1, 2, 3, 4].map((n) => image([layer], { annotations: { n: String(n) } }));
  const [tagged, untagged, removed, other] = versions as [Document, Document, Document, Document];
  await push(registry, NAME, tagged, ['gone-1', 'gone-2'], [layer]);
  for (const subject of [untagged, removed]) {
    await push(registry, NAME, subject);
    await push(registry, NAME, image([], { subject: descriptor(subject.mediaType, encode(subject)) }));
  }
  await registry.removeManifest(NAME, sha256(encode(removed)));
  await push(registry, NAME, buildCache([layer]), ['cache']);
  await registry.abandon(NAME);
  const none = { tags: 'none', newest: undefined, pushedWithin: undefined, pulledWithin: undefined };
  await registry.policies.set({ packageId: await registry.idOf(NAME) }, { tags: 'gone-.*', keep: [none] }, ACTOR);

  // A package whose rule changed, and one that was deleted.
  await push(registry, 'acme/ruled', other, ['x'], [layer]);
  await push(registry, 'acme/ruled', untagged);
  await push(registry, 'acme/doomed', other, ['x'], [layer]);
  const ids = [await registry.idOf('acme/ruled'), await registry.idOf('acme/doomed')] as const;
  const database = createPrisma(registry.url, { poolSize: 1 });
  await new PrismaPackageSettings(database).change(ids[0], { ...SETTINGS, untaggedAfter: 7 * DAY }, ACTOR);
  await database.$disconnect();
  await registry.sql('DELETE FROM package_names WHERE package_id = $1', [ids[1]]);
  await registry.sql(
    "UPDATE packages SET deleted_at = now(), purge_at = now(), deleted_name = 'acme/doomed' WHERE id = $1",
    [ids[1]],
  );

  // What is older than history goes back, and what a store lost or made worse.
  await registry.sql(`INSERT INTO tombstones (package_id, reference, digest, removed_at, removed_by)
    SELECT ${ids[0]}, 'old-' || i, 'sha256:${'0'.repeat(64)}', now() - interval '91 days', 'user:1' FROM generate_series(1, 3) AS i`);
  await registry.objects.put(randomBytes(20).toString('hex'), [Buffer.from('stray')]);
  const keyOf = async (blob: Buffer) => {
    const sql = 'SELECT object_key AS key FROM blobs WHERE digest = $1';
    return (await registry.sql<{ key: string }>(sql, [sha256(blob)]))[0]?.key ?? '';
  };
  await registry.objects.delete([await keyOf(gone)]);
  await registry.objects.put(await keyOf(rotten), [Buffer.from('ROTTEN')]);

  await registry.start();
  await registry.askToReconcile();
  await registry.setScrub('on', MIB / 2);
  await registry.askToScrub();
}

async function push(registry: TestRegistry, name: string, document: Document, tags: string[] = [], blobs?: Buffer[]) {
  for (const blob of [E, ...(blobs ?? [])]) await registry.up(name, blob);
  const refusal = await registry.put(name, document, tags);
  if (refusal) throw new Error(`${name}: ${refusal}`);
}

/** `job`: the other queues are paused, as operators can do on their dashboard. */
async function copyOf(
  registry: TestRegistry,
  s3: S3Server,
  bucket: string,
  cache: string,
  backend: Backend,
  job: JobQueue | undefined,
) {
  const database = await createDatabase(registry.url);
  const name = await s3.createBucket();
  await promisify(execFile)('cp', ['-a', `${join(s3.folder, bucket)}/.`, join(s3.folder, name)]);
  const folder = await mkdtemp(join(tmpdir(), 'berth-kills-'));
  await mkdir(folder, { recursive: true });
  const redis = backend === 'Redis' ? await startRedis() : undefined;
  const backing = await openQueues(redis?.url, database.url, 1);
  const queues = new Map(QUEUES.map((queue) => [queue, new Queue(queue, backing)]));
  for (const queue of queues.values()) queue.on('error', () => undefined);
  for (const [of, queue] of queues) if (job && of !== job) await queue.pause();
  const workers: BerthProcess[] = [];

  return {
    sql: database.sql,
    queue: (of: JobQueue) => queues.get(of) as Queue,

    start(failpoint = ''): BerthProcess {
      const inherited = Object.entries(process.env).filter(([key]) => !/^(?:BERTH_|AWS_)/.test(key));
      const worker = startProcess('worker', {
        ...Object.fromEntries(inherited),
        ...s3.credentials,
        ...(redis && { BERTH_REDIS_URL: redis.url }),
        BERTH_S3_BUCKET: name,
        BERTH_S3_ENDPOINT: s3.endpoint,
        BERTH_S3_FORCE_PATH_STYLE: 'on',
        BERTH_DATABASE_URL: database.url,
        BERTH_DATA_DIR: folder,
        BERTH_RPC_LISTEN: '127.0.0.1:0',
        BERTH_RPC_SECRET: 'the-secret-of-the-services-in-these-tests',
        BERTH_OPS_LISTEN: 'off',
        BERTH_GC_GRACE: '0s',
        BERTH_UNTAGGED_AFTER: '0s',
        BERTH_RESTORE_WINDOW: '0s',
        BERTH_BUILD_CACHE_BUDGET: '1',
        BERTH_FAILPOINT: failpoint,
        NODE_COMPILE_CACHE: cache, // there are many of them
      });
      workers.push(worker);
      return worker;
    },

    /** Resolves with the signal that ended the worker. `of`: the time of this queue's next look comes at once. */
    async death(worker: BerthProcess, of?: JobQueue): Promise<NodeJS.Signals | null> {
      for (const until = Date.now() + READY_MS; worker.isRunning() && Date.now() < until; await sleep(100)) {
        if (of) await queues.get(of)?.promoteJobs();
      }
      return worker.child.signalCode;
    },

    /** The time passes after which another worker takes over what one was at. */
    async passTime(): Promise<void> {
      for (const table of ['gc_runs', 'reconcile_runs', 'scrub']) {
        await database.sql(`UPDATE ${table} SET seen_at = seen_at - interval '1 hour'`);
      }
      await database.sql("UPDATE object_deletions SET tried_at = tried_at - interval '1 hour'");
    },

    hurry: () => database.sql('UPDATE scrub SET pace = 1::bigint << 40'),

    /** Until the job ended once that began after `since`; the time of its next look comes at once. */
    async look(of: JobQueue, since: number): Promise<void> {
      const queue = queues.get(of) as Queue;
      for (const until = Date.now() + READY_MS; Date.now() < until; await sleep(100)) {
        const ended = await queue.getJobs(['completed', 'failed']);
        if (ended.some((one) => one && (one.processedOn ?? 0) >= since && one.finishedOn)) return;
        await queue.promoteJobs();
      }
      throw new Error(`${of} did not look again:\n${workers.flatMap(({ log }) => log).join('\n')}`);
    },

    /** All rows and all objects, but for when and by which process they were made. */
    async state(): Promise<Record<string, unknown[]>> {
      const tables = await database.sql<{ name: string }>(
        "SELECT tablename AS name FROM pg_tables WHERE schemaname = 'public' ORDER BY 1",
      );
      const state: Record<string, unknown[]> = {};
      for (const { name: table } of tables) {
        const rows = await database.sql<{ row: object }>(`SELECT to_jsonb(t) AS row FROM ${table} AS t`);
        const kept = rows.map(({ row }) => JSON.stringify(row, (key, value) => lasting(table, key, value)));
        state[table] = kept.sort();
      }
      const found = await readdir(join(s3.folder, name), { recursive: true, withFileTypes: true });
      const files = found.filter((entry) => entry.isFile() && !entry.parentPath.includes('.sgwtmp'));
      state.objects = await Promise.all(
        files.map(async (file) => `${file.name} ${sha256(await readFile(join(file.parentPath, file.name)))}`),
      );
      state.objects.sort();
      return state;
    },

    async close(): Promise<void> {
      for (const worker of workers) await worker.kill();
      for (const queue of queues.values()) await queue.close();
      await backing.close();
      await redis?.stop();
      await database.drop();
      for (const path of [folder, join(s3.folder, name)]) await rm(path, { recursive: true, force: true });
    },
  };
}

function lasting(table: string, key: string, value: unknown): unknown {
  if (PASSING[table]?.includes(key) || (key === 'id' && NUMBERED.has(table))) return undefined;
  return typeof value === 'string' && /^\d{4}-\d\d-\d\dT\d\d:\d\d/.test(value) ? 'a time' : value;
}
