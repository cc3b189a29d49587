import type { Address } from '#config';
import type { Closing } from './closing.js';
import { findMissing, type Need } from './ops.js';

/** How often health is looked at, for those who ask the RPC server instead of `/readyz`. */
const HEALTH_MS = 2000;

/** What `serveRpc` does with a server (`RpcServer` of `#rpc`). */
interface Server {
  listen(address: Address): Promise<number>;
  setReady(isReady: boolean): void;
  close(): Promise<void>;
}

/** Lets a service be called, keeps its health up to date, and says on stdout where it is. */
export async function serveRpc(
  name: string,
  server: Server,
  address: Address,
  needs: readonly Need[],
  closing: Closing,
): Promise<void> {
  closing.add(() => server.close());
  const port = await server.listen(address);
  const look = async () => server.setReady((await findMissing(needs)).length === 0);
  await look();
  const timer = setInterval(look, HEALTH_MS);
  closing.add(() => clearInterval(timer));
  const host = address.host.includes(':') ? `[${address.host}]` : address.host;
  process.stdout.write(`Berth's ${name} is ready at ${host}:${port}\n`);
}
