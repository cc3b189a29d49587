import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, it } from 'vitest';
import { ALL_ROOM } from '#registry';
import { RequestTraffic } from './request-traffic.js';

it('leaves room for a time in which any server of the process was asked for what a registry holds', async () => {
  const traffic = new RequestTraffic();
  const server = createServer((_, answer) => answer.end()).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const ask = (path: string) => fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}${path}`);
  try {
    expect(traffic.room()).toEqual(ALL_ROOM);
    await ask('/v2/app/manifests/1');
    expect(traffic.room()).toMatchObject({ share: 0.2, rest: 30 });
    expect(traffic.room()).toEqual(ALL_ROOM);
    await ask('/admin/v1/gc/runs/1');
    expect(traffic.room()).toEqual(ALL_ROOM);
  } finally {
    server.close();
  }
});
