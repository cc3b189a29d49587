/**
 * Does jobs of the worker in a process that tests can kill: `job-worker.js DATABASE_URL FOLDER JOB` that job once; without JOB all of
 * them for each line that comes on stdin, and says `done` on stdout. It loads what was compiled, and takes the jobs and all that
 * they need from the worker's own module: everything but the queues.
 */
import 'reflect-metadata';
import { createInterface } from 'node:readline';
import { NestFactory } from '@nestjs/core';
import { pino } from 'pino';
import { readSettings } from '#config';
import { createPrisma } from '#database';
import { QueueDashboard } from '#registry';
import { openStorage } from '#storage';

const WORKER = '../../dist/apps/worker/src';
const { JOBS } = await import(`${WORKER}/jobs/index.js`);
const { QueueErrors, WorkerJobs } = await import(`${WORKER}/queue-errors.js`);
const { Schedules, WorkerQueues } = await import(`${WORKER}/schedules.js`);
const { WorkerServiceModule } = await import(`${WORKER}/worker-service.module.js`);

const [url, folder, name] = process.argv.slice(2);
const settings = readSettings({
  BERTH_DATA_DIR: folder,
  BERTH_GC_GRACE: '0',
  BERTH_UNTAGGED_AFTER: '0',
  BERTH_RESTORE_WINDOW: '0',
  BERTH_BUILD_CACHE_BUDGET: '1',
});
const log = pino({ level: 'silent' });
const database = createPrisma(url, { poolSize: 4 });
const storage = await openStorage(settings, log);

const ofQueues = new Set([QueueErrors, WorkerJobs, Schedules, WorkerQueues, QueueDashboard]);
const service = WorkerServiceModule.for({ settings, database, objects: storage.objects, queues: {}, log });
const [adapters, worker] = service.imports;
const providers = worker.providers.filter((provider) => !ofQueues.has(provider.provide ?? provider));
const app = await NestFactory.createApplicationContext(
  { module: class Jobs {}, imports: [adapters], providers },
  { logger: ['error', 'warn'], abortOnError: false },
);
if (name === undefined) {
  for await (const _ of createInterface({ input: process.stdin })) {
    for (const job of JOBS) await app.get(job).process();
    process.stdout.write('done\n');
  }
} else await app.get(JOBS.find((job) => job.name === name)).process();
await app.close();
await database.$disconnect();
storage.close();
