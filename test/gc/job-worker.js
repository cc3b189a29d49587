/**
 * Does one job of the worker, once, in a process of its own: `job-worker.js DATABASE_URL FOLDER JOB`. It loads what was compiled, and
 * takes the job and all that it needs from the worker's own module: everything but the queues.
 */
import 'reflect-metadata';
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
await app.get(JOBS.find((job) => job.name === name)).process();
await app.close();
await database.$disconnect();
storage.close();
