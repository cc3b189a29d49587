import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { collectDefaultMetrics, Registry } from 'prom-client';
import type { Address } from '#config';

const METRICS = new Registry();
collectDefaultMetrics({ register: METRICS, prefix: 'berth_' });
/** A database that does not answer in this time is not ready. */
const READY_MS = 2000;

export interface Ops {
  port: number;
  close(): void;
}

/**
 * Serves `/livez` (the process runs), `/readyz` (`isReady` resolves: it can serve) and `/metrics` (Prometheus) on a
 * listener of their own, which no user reaches. Undefined address: none.
 */
export async function startOps(
  address: Address | undefined,
  isReady: () => Promise<unknown>,
): Promise<Ops | undefined> {
  if (!address) return undefined;
  const server: Server = createServer(async (request, response) => {
    const path = request.url?.split('?')[0];
    if (path === '/livez') response.end('ok\n');
    else if (path === '/metrics') response.setHeader('content-type', METRICS.contentType).end(await METRICS.metrics());
    else if (path === '/readyz') {
      const ready = await Promise.race([
        isReady().then(() => true),
        new Promise<boolean>((resolve) => setTimeout(resolve, READY_MS, false).unref()),
      ]).catch(() => false);
      response.writeHead(ready ? 200 : 503).end(ready ? 'ok\n' : 'the database does not answer\n');
    } else response.writeHead(404).end();
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(address.port, address.host, resolve);
  });
  return { port: (server.address() as AddressInfo).port, close: () => void server.close() };
}
