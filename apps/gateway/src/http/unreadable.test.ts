import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { answerUnreadable } from './unreadable.js';

const KB = 1024;

let server: Server;
let client: Socket;
let received: string;

beforeEach(async () => {
  server = createServer({ maxHeaderSize: 16 * KB }, (_, answer) => answer.end());
  server.on('clientError', answerUnreadable);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  client = connect({ port: (server.address() as AddressInfo).port, host: '127.0.0.1', allowHalfOpen: true });
  received = '';
  client.on('data', (chunk) => (received += chunk));
  client.on('error', () => undefined);
  await once(client, 'connect');
});
afterEach(async () => {
  client.destroy();
  server.close();
  await once(server, 'close');
});

/** Resolves with what went wrong on the way, if anything did. */
const write = (text: string) => new Promise<unknown>((resolve) => client.write(text, resolve));

async function sendInPieces(pieces: number, kilobytes: number): Promise<void> {
  await write('GET /');
  for (let i = 0; i < pieces && !client.destroyed; i++) {
    await write('a'.repeat(kilobytes * KB));
    await wait(10);
  }
}

it('answers a head that is too large, once, and takes the rest of it, so that the answer is not lost', async () => {
  await sendInPieces(16, 64);
  expect(client.errored).toBeNull();
  expect(received).toMatch(/^HTTP\/1\.1 431 /);
  expect(received.match(/HTTP\/1\.1/g)).toHaveLength(1);
  client.end();
  await once(client, 'close');
});

it('takes no more of it than 8 MiB', async () => {
  await sendInPieces(40, 256);
  expect(client.errored).toMatchObject({ code: expect.stringMatching(/ECONNRESET|EPIPE/) });
});

it('waits no longer than 5 seconds for its end', { timeout: 60_000 }, async () => {
  await sendInPieces(1, 64);
  const end = Date.now() + 30_000;
  while (!client.destroyed && Date.now() < end) {
    await write('a');
    await wait(100);
  }
  expect(client.destroyed).toBe(true);
});
