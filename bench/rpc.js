/**
 * What a call between services costs: calls a second and p99 for a reply of 1 KB, at several numbers of calls in flight.
 * `node bench/rpc.js` after `npm run build`. Client and server are processes of their own, as in the split deployment.
 */
import { fork } from 'node:child_process';
import { pino } from 'pino';
import { z } from 'zod';
import { RpcClient, RpcServer, remotePort } from '../dist/libs/rpc/src/index.js';

const proof = { secret: 'the-secret-of-the-services-in-this-measurement', tls: undefined };
const log = pino({ level: 'silent' });
const SECONDS = 4;

class Echo {
  async find() {
    return { bytes: Buffer.alloc(1000, 'x'), size: 1000 };
  }
}

const contract = (isBatched) => ({
  service: isBatched ? 'Together' : 'Alone',
  port: Echo,
  methods: {
    find: {
      arguments: z.tuple([z.int(), z.string()]),
      answer: z.object({ bytes: z.instanceof(Uint8Array), size: z.int() }),
      isRepeatable: true,
      isBatched,
      deadline: 10_000,
    },
  },
});

async function serve() {
  const server = new RpcServer({ proof, log, statusOf: () => 500 });
  for (const isBatched of [false, true]) server.add(contract(isBatched), new Echo());
  process.send(await server.listen({ host: '127.0.0.1', port: 0 }));
  process.once('disconnect', () => process.exit(0));
}

async function measure(port, inFlight, seconds) {
  const times = [];
  const end = performance.now() + seconds * 1000;
  const ask = async () => {
    while (performance.now() < end) {
      const began = performance.now();
      await port.find(7, 'sha256:0123456789abcdef');
      times.push(performance.now() - began);
    }
  };
  await Promise.all(Array.from({ length: inFlight }, ask));
  times.sort((a, b) => a - b);
  return { calls: Math.round(times.length / seconds), p99: times[Math.floor(times.length * 0.99)] };
}

async function main() {
  const child = fork(import.meta.filename, ['serve']);
  const port = await new Promise((resolve) => child.once('message', resolve));
  for (const isBatched of [false, true]) {
    const client = new RpcClient({ url: `http://127.0.0.1:${port}`, proof, log, contracts: [contract(isBatched)] });
    const remote = remotePort(contract(isBatched), client);
    await measure(remote, 16, 1);
    for (const inFlight of [1, 16, 64]) {
      const { calls, p99 } = await measure(remote, inFlight, SECONDS);
      console.log(`${isBatched ? 'look-ups' : 'calls'}, ${inFlight} in flight: ${calls}/s, p99 ${p99.toFixed(1)} ms`);
    }
    client.close();
  }
  child.disconnect();
}

await (process.argv[2] === 'serve' ? serve() : main());
