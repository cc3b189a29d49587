import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { collectDefaultMetrics, register as METRICS } from 'prom-client';
import type { Address } from '#config';

/** What does not answer in this time is not ready. */
const READY_MS = 2000;

export interface Ops {
  port: number;
  close(): void;
}

/** Something without which the process cannot serve. `name` completes "… does not answer". */
export interface Need {
  name: string;
  isThere: () => Promise<unknown>;
}

/**
 * Serves `/livez` (the process runs), `/readyz` (all that it needs answers: it can serve) and `/metrics` (Prometheus) on a
 * listener of their own, which no user reaches. Undefined address: none.
 */
export async function startOps(address: Address | undefined, needs: readonly Need[]): Promise<Ops | undefined> {
  if (!address) return undefined;
  if (METRICS.getMetricsAsArray().length === 0) collectDefaultMetrics({ register: METRICS, prefix: 'berth_' });
  const server: Server = createServer(async (request, response) => {
    const path = request.url?.split('?')[0];
    if (path === '/livez') response.end('ok\n');
    else if (path === '/metrics') response.setHeader('content-type', METRICS.contentType).end(await METRICS.metrics());
    else if (path === '/readyz') {
      const missing = await findMissing(needs);
      response.writeHead(missing.length === 0 ? 200 : 503);
      response.end(missing.length === 0 ? 'ok\n' : missing.map((name) => `${name} does not answer\n`).join(''));
    } else response.writeHead(404).end();
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(address.port, address.host, resolve);
  });
  const close = () => {
    server.close();
    server.closeAllConnections();
  };
  return { port: (server.address() as AddressInfo).port, close };
}

/** Names of what does not answer now. A need answers by resolving to anything but false. */
export async function findMissing(needs: readonly Need[]): Promise<string[]> {
  const found = await Promise.all(
    needs.map(({ isThere }) => {
      const { promise: late, resolve } = Promise.withResolvers<boolean>();
      const timer = setTimeout(resolve, READY_MS, false);
      const answer = Promise.try(isThere).then((value) => value !== false);
      return Promise.race([answer, late])
        .catch(() => false)
        .finally(() => clearTimeout(timer));
    }),
  );
  return needs.filter((_, i) => !found[i]).map(({ name }) => name);
}
