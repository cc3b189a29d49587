import { once } from 'node:events';
import { Agent, createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { expect, it } from 'vitest';
import { requestsByTurns } from './turns.js';

it('gives on the next request of a connection after one that was answered before its body was read', async () => {
  const place = createServer((asked, answer) => {
    asked.resume();
    answer.writeHead(404).end();
  }).listen(0, '127.0.0.1');
  await once(place, 'listening');
  const turns = await requestsByTurns(() => [`127.0.0.1:${(place.address() as AddressInfo).port}`]);
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const send = async (bytes: number) => {
    const sent = request({ port: turns.port, host: '127.0.0.1', method: 'PUT', agent });
    sent.end(Buffer.alloc(bytes));
    const [answer] = await once(sent, 'response');
    await buffer(answer);
    return answer.statusCode;
  };
  try {
    for (let i = 0; i < 5; i++) expect(await send(3_000_000)).toBe(404);
  } finally {
    agent.destroy();
    await turns.close();
    place.close();
  }
}, 10_000);
