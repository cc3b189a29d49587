import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, test } from 'vitest';
import { fetchBody, sendBody, TRANSFER_LIMITS } from './signed-transfer.js';

test('a body of many chunks gathers no listeners', async () => {
  let received = 0;
  const server = createServer((request, response) => {
    request.on('data', (chunk: Buffer) => {
      received += chunk.length;
    });
    request.on('end', () => response.setHeader('etag', '"1"').end());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const warnings: string[] = [];
  const listen = (warning: Error) => warnings.push(warning.name);
  process.on('warning', listen);
  try {
    // Each is more than a socket takes at once, so that each waits for the one before.
    const chunks = Array.from({ length: 40 }, () => Buffer.alloc(1 << 20));
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
    expect(await sendBody({ url, method: 'PUT', headers: {}, expiresAt: new Date() }, chunks, TRANSFER_LIMITS)).toBe(
      '"1"',
    );
    expect(received).toBe(40 << 20);
    // Warnings are told a turn later.
    await new Promise((resolve) => setImmediate(resolve));
    expect(warnings).toEqual([]);
  } finally {
    process.off('warning', listen);
    server.closeAllConnections();
    server.close();
  }
});

test.each([
  ['the store itself', '<Error><Code>NoSuchKey</Code></Error>', undefined],
  ['a proxy that does not find the store', '404 page not found', { name: 'StorageError', status: 404 }],
])('a 404 of %s', async (_, body, error) => {
  const server = createServer((_request, response) => response.writeHead(404).end(body));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  const read = fetchBody({ url, method: 'GET', headers: {}, expiresAt: new Date() }, undefined, TRANSFER_LIMITS);
  try {
    if (error) await expect(read).rejects.toMatchObject(error);
    else expect(await read).toBeUndefined();
  } finally {
    server.closeAllConnections();
    server.close();
  }
});
