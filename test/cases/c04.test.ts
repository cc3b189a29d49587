// C04: the last chunk in the PUT, at the wrong place.
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startBerth, type TestBerth } from '../support/berth.js';
import { type Accounts, createAccounts, errorCode, randomBlob, sha256 } from '../support/client.js';

let berth: TestBerth;
let accounts: Accounts;

beforeAll(async () => {
  berth = await startBerth();
  accounts = await createAccounts(berth);
});

afterAll(async () => {
  await berth.stop();
});

it('answers 416, appends nothing and takes the right chunk afterwards', async () => {
  const { pusher } = accounts;
  const [first, last] = [randomBlob(10), randomBlob(10)];
  const whole = Buffer.concat([first, last]);
  const location = await pusher.start('acme/app');
  const patch = await pusher.v2(location, { method: 'PATCH', headers: { 'content-range': '0-9' }, body: first });
  expect(patch.status).toBe(202);
  const put = (range: string) =>
    pusher.v2(`${location}?digest=${sha256(whole)}`, {
      method: 'PUT',
      headers: { 'content-range': range },
      body: last,
    });

  const misplaced = await put('20-29');
  expect([misplaced.status, await errorCode(misplaced)]).toEqual([416, 'BLOB_UPLOAD_INVALID']);
  const state = await pusher.v2(location);
  expect([state.status, state.headers.get('range')]).toEqual([204, '0-9']);

  expect((await put('10-19')).status).toBe(201);
  expect((await pusher.blob('acme/app', sha256(whole))).bytes.equals(whole)).toBe(true);
});
