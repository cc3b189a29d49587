// C02: several PATCHes without Content-Range, as the .NET SDK sends a layer.
// (S3, and two gateways taking turns, come with the split deployment.)
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startBerth, type TestBerth } from '../support/berth.js';
import { type Accounts, createAccounts, randomBlob, sha256 } from '../support/client.js';

let berth: TestBerth;
let accounts: Accounts;

beforeAll(async () => {
  berth = await startBerth();
  accounts = await createAccounts(berth);
});

afterAll(async () => {
  await berth.stop();
});

it('appends each chunk at the end', async () => {
  const { pusher } = accounts;
  const chunks = [randomBlob(65_536), randomBlob(65_536), randomBlob(65_536)];
  const whole = Buffer.concat(chunks);
  let location = await pusher.start('acme/app');
  for (const [i, chunk] of chunks.entries()) {
    const answer = await pusher.v2(location, {
      method: 'PATCH',
      headers: { 'content-type': 'application/octet-stream' },
      body: chunk,
    });
    expect([answer.status, answer.headers.get('range')]).toEqual([202, `0-${65_536 * (i + 1) - 1}`]);
    location = answer.headers.get('location') ?? '';
  }
  const put = await pusher.v2(`${location}?digest=${sha256(whole)}`, { method: 'PUT' });
  expect([put.status, put.headers.get('docker-content-digest')]).toEqual([201, sha256(whole)]);
  expect((await pusher.blob('acme/app', sha256(whole))).bytes.equals(whole)).toBe(true);
});
