// C04: the last chunk in the PUT, at the wrong place.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startBerth } from '../support/berth.js';
import { type Client, createAccounts, errorCode, randomBlob, sha256 } from '../support/client.js';
import { needsS3, startTwoOnS3 } from '../support/s3.js';
import { startSplit } from '../support/split.js';

async function refusesTheWrongPlace(one: Client, other: Client): Promise<void> {
  const [first, last] = [randomBlob(10), randomBlob(10)];
  const whole = Buffer.concat([first, last]);
  const location = await one.start('acme/app');
  const patch = await other.v2(location, { method: 'PATCH', headers: { 'content-range': '0-9' }, body: first });
  expect(patch.status).toBe(202);
  const put = (range: string) =>
    one.v2(`${location}?digest=${sha256(whole)}`, {
      method: 'PUT',
      headers: { 'content-range': range },
      body: last,
    });

  const misplaced = await put('20-29');
  expect([misplaced.status, await errorCode(misplaced)]).toEqual([416, 'BLOB_UPLOAD_INVALID']);
  const state = await other.v2(location);
  expect([state.status, state.headers.get('range')]).toEqual([204, '0-9']);

  expect((await put('10-19')).status).toBe(201);
  expect((await other.blob('acme/app', sha256(whole))).bytes.equals(whole)).toBe(true);
}

describe('on disk', () => {
  let stop: (() => Promise<unknown>) | undefined;
  let pusher: Client;
  beforeAll(async () => {
    const berth = await startBerth();
    stop = () => berth.stop();
    ({ pusher } = await createAccounts(berth));
  });
  afterAll(() => stop?.());

  it('answers 416, appends nothing and takes the right chunk afterwards', () => refusesTheWrongPlace(pusher, pusher));
});

describe('on S3, two processes taking turns', () => {
  const missing = needsS3();
  let stop: (() => Promise<unknown>) | undefined;
  let clients: [Client, Client];
  beforeAll(async () => {
    if (missing) return;
    const two = await startTwoOnS3();
    stop = two.stop;
    const { pusher } = await createAccounts(two.berths[0]);
    clients = [pusher.at(two.berths[0]), pusher.at(two.berths[1])];
  });
  afterAll(() => stop?.());

  it('answers 416, appends nothing and takes the right chunk afterwards', () => refusesTheWrongPlace(...clients));
});

describe('services apart, two gateways taking turns', () => {
  const missing = needsS3();
  let stop: (() => Promise<unknown>) | undefined;
  let clients: [Client, Client];
  beforeAll(async () => {
    if (missing) return;
    const split = await startSplit();
    stop = split.stop;
    const { pusher } = await createAccounts(split);
    clients = [pusher.at(split.gateways[0]), pusher.at(split.gateways[1])];
  });
  afterAll(() => stop?.());

  it('answers 416, appends nothing and takes the right chunk afterwards', () => refusesTheWrongPlace(...clients));
});
