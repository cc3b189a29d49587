import 'reflect-metadata';
import type { AddressInfo } from 'node:net';
import { BLOBS_CONTRACTS, METADATA_CONTRACTS, WORKER_CONTRACTS } from '#contracts';
import { runService, startOps } from '#nest';
import { RpcClient, readProof } from '#rpc';
import { GatewayServiceModule } from './gateway-service.module.js';
import { createGateway } from './http/create-gateway.js';

type ContractList = typeof METADATA_CONTRACTS | typeof BLOBS_CONTRACTS | typeof WORKER_CONTRACTS;

/** `npm run gateway`: everything public. Serves at once; what needs a service that is away is answered 503. */
await runService('gateway', async ({ settings, log, closing }) => {
  const proof = readProof(settings);
  const connect = (url: string | undefined, contracts: ContractList) => {
    const client = new RpcClient({ url: url ?? '', proof, log, contracts });
    closing.add(() => client.close());
    return client;
  };
  const metadata = connect(settings.BERTH_METADATA_URL, METADATA_CONTRACTS);
  const blobs = connect(settings.BERTH_BLOBS_URL, BLOBS_CONTRACTS);
  // Only the queue dashboard needs it: without one the gateway is as ready as with one.
  const workerUrl = settings.BERTH_WORKER_URL;
  const worker = workerUrl === undefined ? undefined : connect(workerUrl, WORKER_CONTRACTS);
  const ops = await startOps(settings.BERTH_OPS_LISTEN, [
    { name: 'metadata', isThere: () => metadata.isReady() },
    { name: 'blobs', isThere: () => blobs.isReady() },
  ]);
  closing.add(() => ops?.close());

  const app = await createGateway(GatewayServiceModule.for(settings, { metadata, blobs, worker }, log), log);
  closing.add(() => app.close());
  const { host, port } = settings.BERTH_LISTEN;
  await app.listen(port, host);
  const { address, port: bound } = app.getHttpServer().address() as AddressInfo;
  process.stdout.write(`Berth is ready at http://${address.includes(':') ? `[${address}]` : address}:${bound}\n`);
});
