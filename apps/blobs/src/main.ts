import 'reflect-metadata';
import { NestFactory } from '@nestjs/core';
import { BLOBS_CONTRACTS } from '#contracts';
import { faultStatus, runService, serveRpc, startOps, waitUntil } from '#nest';
import { RpcServer, readProof } from '#rpc';
import { openStorage, type Storage } from '#storage';
import { BlobsModule } from './blobs.module.js';

/** `npm run blobs`: signs requests to the bucket and keeps its objects, for the gateway. Serves once the bucket is there. */
await runService('blobs', async ({ settings, log, closing }) => {
  let storage: Storage | undefined;
  const needs = [{ name: 'the bucket', isThere: async () => storage !== undefined }];
  const ops = await startOps(settings.BERTH_OPS_LISTEN, needs);
  closing.add(() => ops?.close());

  const opened = await waitUntil('the bucket', log, () => openStorage(settings, log));
  closing.add(() => opened.close());
  storage = opened;
  const app = await NestFactory.createApplicationContext(BlobsModule.for(storage), {
    logger: ['error', 'warn'],
    abortOnError: false,
  });
  closing.add(() => app.close());

  const server = new RpcServer({ proof: readProof(settings), log, statusOf: faultStatus });
  for (const contract of BLOBS_CONTRACTS) server.add<object>(contract, app.get<object>(contract.port));
  await serveRpc('blobs', server, settings.BERTH_RPC_LISTEN, needs, closing);
});
