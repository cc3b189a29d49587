/**
 * Works off what waits, in a process that tests can kill: `worker.js DATABASE_URL FOLDER [gc|reconcile|scrub]`. It loads what was
 * compiled.
 */
import {
  createPrisma,
  PrismaGarbage,
  PrismaGcRunQueue,
  PrismaGcRuns,
  PrismaReconciling,
  PrismaRetentionStore,
  PrismaRetentionWork,
  PrismaScrubbing,
  PrismaUntaggedRules,
} from '#database';
import {
  ApplyRetention,
  CollectBlobs,
  CollectLinks,
  Collectors,
  CollectUntagged,
  DeleteObjects,
  EvictBuildCaches,
  ExpireUploads,
  GcBrake,
  LocalObjectHasher,
  Purge,
  Reconcile,
  RewriteMarks,
  RunGc,
  Scrub,
} from '#registry';
import { openStorage } from '#storage';

const [url, folder, job = 'gc'] = process.argv.slice(2);
const prisma = createPrisma(url, { poolSize: 4 });
const storage = await openStorage(
  { BERTH_DATA_DIR: folder, BERTH_S3_FORCE_PATH_STYLE: false },
  { info: () => undefined },
);
const rules = { grace: 0, untaggedAfter: 0, restoreWindow: 0, backupHorizon: 0, buildCacheBudget: 0 };
const garbage = new PrismaGarbage(prisma, rules);
const brake = new GcBrake(new PrismaGcRuns(prisma));
const collectors = new Collectors(
  new RewriteMarks(new PrismaUntaggedRules(prisma, rules.untaggedAfter), brake),
  new ApplyRetention(new PrismaRetentionStore(prisma), new PrismaRetentionWork(prisma, rules), brake),
  new CollectUntagged(garbage, brake),
  new EvictBuildCaches(garbage, brake),
  new Purge(garbage, brake),
  new ExpireUploads(garbage, brake),
  new CollectLinks(garbage, brake),
  new CollectBlobs(garbage, brake),
  new DeleteObjects(garbage, storage.objects, brake),
);
const { objects } = storage;
const jobs = {
  gc: () => new RunGc(new PrismaGcRunQueue(prisma), garbage, collectors).run(),
  reconcile: () => new Reconcile(new PrismaReconciling(prisma, 0), objects, brake).run(),
  scrub: () =>
    new Scrub(new PrismaScrubbing(prisma), objects, new LocalObjectHasher(objects)).run(
      String(process.pid),
      brake.signal,
      () => undefined,
    ),
};
await jobs[job]();
await prisma.$disconnect();
storage.close();
