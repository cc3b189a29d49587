import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, it } from 'vitest';
import { NoTraffic } from '#registry';
import { noteRequests } from './note-requests.js';

it('notes what any server of the process is asked of a registry’s content', async () => {
  let noted = 0;
  noteRequests(Object.assign(new NoTraffic(), { note: () => noted++ }));
  const server = createServer((_, answer) => answer.end()).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const ask = (path: string) => fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}${path}`);
  try {
    await ask('/admin/v1/gc/runs/1');
    expect(noted).toBe(0);
    await ask('/v2/app/manifests/1');
    expect(noted).toBe(1);
  } finally {
    server.close();
  }
});
