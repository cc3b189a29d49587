import 'reflect-metadata';
import { join } from 'node:path';
import { NestFactory } from '@nestjs/core';
import { WORKER_CONTRACTS } from '#contracts';
import { applyMigrations, createPrisma } from '#database';
import { faultStatus, runService, serveRpc, startOps, waitUntil } from '#nest';
import { openQueues, QUEUES } from '#queue';
import { RpcServer, readProof } from '#rpc';
import { openStorage } from '#storage';
import { QueueErrors } from './queue-errors.js';
import { WorkerServiceModule } from './worker-service.module.js';

/** One for each job that runs at the same time, and some for those that look. */
const DATABASE_CONNECTIONS = 10;
const MIGRATIONS = join(import.meta.dirname, '../../../../prisma/migrations');

/** `npm run worker`: what runs by itself. Starts its jobs once the database is there and up to date. */
await runService('worker', async ({ settings, log, closing }) => {
  const databaseUrl = settings.BERTH_DATABASE_URL ?? '';
  const database = createPrisma(databaseUrl, { poolSize: DATABASE_CONNECTIONS });
  closing.add(() => database.$disconnect());
  let ping: (() => Promise<unknown>) | undefined;
  const needs = [
    { name: 'the database', isThere: () => database.$queryRaw`SELECT 1` },
    { name: 'the queue', isThere: async () => (ping ? ping() : false) },
  ];
  const ops = await startOps(settings.BERTH_OPS_LISTEN, needs);
  closing.add(() => ops?.close());

  await waitUntil('the database', log, () => applyMigrations(databaseUrl, MIGRATIONS));
  const storage = await waitUntil('the bucket', log, () => openStorage(settings, log));
  closing.add(() => storage.close());
  const queues = await waitUntil('the queue', log, () =>
    openQueues(settings.BERTH_REDIS_URL, databaseUrl, QUEUES.length),
  );
  closing.add(() => queues.close());
  ping = () => queues.ping();
  const app = await NestFactory.createApplicationContext(
    WorkerServiceModule.for({ settings, database, objects: storage.objects, queues, log }),
    {
      logger: ['error', 'warn'],
      abortOnError: false,
    },
  );
  closing.add(() => app.close());
  closing.add(() => app.get(QueueErrors, { strict: false }).close());

  const server = new RpcServer({ proof: readProof(settings), log, statusOf: faultStatus });
  for (const contract of WORKER_CONTRACTS) {
    server.add<object>(contract, app.get<object>(contract.port, { strict: false }));
  }
  await serveRpc('worker', server, settings.BERTH_RPC_LISTEN, needs, closing);
});
