// C42: idle connections behind a load balancer, and answers during the drain.
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startBerth, type TestBerth } from '../support/berth.js';
import { type Accounts, createAccounts, randomBlob, sha256 } from '../support/client.js';
import { chunk, RawConnection } from '../support/raw.js';

let berth: TestBerth;
let accounts: Accounts;

beforeAll(async () => {
  berth = await startBerth();
  accounts = await createAccounts(berth);
});

afterAll(async () => {
  await berth.stop();
});

it('keeps an idle connection for longer than a balancer does', async () => {
  const connections = await Promise.all(Array.from({ length: 20 }, () => RawConnection.open(berth)));
  const askAll = () =>
    Promise.all(
      connections.map(async (connection) => {
        await connection.send({ path: '/v2/' });
        return (await connection.answer())?.status;
      }),
    );
  expect(await askAll()).toEqual(Array(20).fill(401));
  await sleep(65_000);
  expect(await askAll()).toEqual(Array(20).fill(401));
  for (const connection of connections) connection.destroy();
}, 90_000);

it('finishes what is under way at SIGTERM, says Connection: close, and exits 0', async () => {
  const bytes = randomBlob(200_000);
  const location = await accounts.pusher.start('acme/app');
  const authorization = `Bearer ${await accounts.pusher.bearerFor(location)}`;
  const [uploading, idle] = [await RawConnection.open(berth), await RawConnection.open(berth)];
  await idle.send({ path: '/v2/' });
  expect((await idle.answer())?.headers.connection).toBe('keep-alive');
  const headers = { Authorization: authorization, 'Transfer-Encoding': 'chunked' };
  await uploading.send({ method: 'PUT', path: `${location}?digest=${sha256(bytes)}`, headers });
  await uploading.write(chunk(bytes.subarray(0, 100_000)));
  await expect.poll(async () => (await berth.sql('SELECT 1 FROM upload_sessions WHERE generation > 0')).length).toBe(1);

  const ended = berth.terminate();
  await idle.closed();
  await uploading.write(Buffer.concat([chunk(bytes.subarray(100_000)), chunk(Buffer.alloc(0))]));
  const answer = await uploading.answer();
  expect([answer?.status, answer?.headers.connection]).toEqual([201, 'close']);
  expect(await ended).toBe(0);

  await berth.restart();
  expect((await accounts.pusher.blob('acme/app', sha256(bytes))).bytes.equals(bytes)).toBe(true);
});
