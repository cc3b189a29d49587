import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, it } from 'vitest';
import { RequestTraffic } from './request-traffic.js';

it('hears of the requests that any server of the process gets, each time once', async () => {
  const traffic = new RequestTraffic();
  const server = createServer((_, answer) => answer.end()).listen(0, '127.0.0.1');
  await once(server, 'listening');
  try {
    expect(traffic.came()).toBe(false);
    await fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
    expect(traffic.came()).toBe(true);
    expect(traffic.came()).toBe(false);
  } finally {
    server.close();
  }
});
