import 'reflect-metadata';
import { join } from 'node:path';
import { NestFactory } from '@nestjs/core';
import { AccountStore, hashToken } from '#auth';
import { METADATA_CONTRACTS } from '#contracts';
import { applyMigrations, createPrisma, PrismaTraffic } from '#database';
import { faultStatus, runService, serveRpc, startOps, waitUntil } from '#nest';
import { BlobIndex, DirectUploads, ManifestStore, TagStore, UploadSessions } from '#registry';
import { RpcServer, readProof } from '#rpc';
import { MetadataModule } from './metadata.module.js';

const DATABASE_CONNECTIONS = 20;
/** What gateways ask for clients that push and pull, and not for operators. */
const FOR_CLIENTS = new Set<object>([BlobIndex, DirectUploads, ManifestStore, TagStore, UploadSessions]);
const MIGRATIONS = join(import.meta.dirname, '../../../../prisma/migrations');

/** `npm run metadata`: everything that PostgreSQL knows, for the gateway. Serves once the database is there and up to date. */
await runService('metadata', async ({ settings, log, closing }) => {
  const databaseUrl = settings.BERTH_DATABASE_URL ?? '';
  const database = createPrisma(databaseUrl, { poolSize: DATABASE_CONNECTIONS });
  closing.add(() => database.$disconnect());
  let isOpen = false;
  const needs = [{ name: 'the database', isThere: async () => isOpen && database.$queryRaw`SELECT 1` }];
  const ops = await startOps(settings.BERTH_OPS_LISTEN, needs);
  closing.add(() => ops?.close());

  await waitUntil('the database', log, () => applyMigrations(databaseUrl, MIGRATIONS));
  const app = await NestFactory.createApplicationContext(MetadataModule.for(database, settings), {
    logger: ['error', 'warn'],
    abortOnError: false,
  });
  closing.add(() => app.close());
  await app.get(AccountStore).ensureAdministrator(hashToken(settings.BERTH_ADMIN_TOKEN ?? ''));
  isOpen = true;

  const server = new RpcServer({ proof: readProof(settings), log, statusOf: faultStatus });
  const traffic = new PrismaTraffic(database);
  const note = () => traffic.note();
  for (const contract of METADATA_CONTRACTS) {
    const onCall = FOR_CLIENTS.has(contract.port) ? note : undefined;
    server.add<object>(contract, app.get<object>(contract.port), onCall);
  }
  await serveRpc('metadata', server, settings.BERTH_RPC_LISTEN, needs, closing);
});
