// C02: several PATCHes without Content-Range, as the .NET SDK sends a layer.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startBerth } from '../support/berth.js';
import { type Client, createAccounts, randomBlob, sha256 } from '../support/client.js';
import { needsS3, startTwoOnS3 } from '../support/s3.js';
import { startSplit } from '../support/split.js';

async function appendsAtTheEnd(clients: Client[], size: number): Promise<void> {
  const turn = (i: number) => clients[i % clients.length] as Client;
  const chunks = [randomBlob(size), randomBlob(size), randomBlob(size)];
  const whole = Buffer.concat(chunks);
  let location = await turn(0).start('acme/app');
  for (const [i, chunk] of chunks.entries()) {
    const answer = await turn(i + 1).v2(location, {
      method: 'PATCH',
      headers: { 'content-type': 'application/octet-stream' },
      body: chunk,
    });
    expect([answer.status, answer.headers.get('range')]).toEqual([202, `0-${size * (i + 1) - 1}`]);
    location = answer.headers.get('location') ?? '';
  }
  const put = await turn(0).v2(`${location}?digest=${sha256(whole)}`, { method: 'PUT' });
  expect([put.status, put.headers.get('docker-content-digest')]).toEqual([201, sha256(whole)]);
  expect((await turn(1).blob('acme/app', sha256(whole))).bytes.equals(whole)).toBe(true);
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

  it('appends each chunk at the end', () => appendsAtTheEnd([pusher], 65_536));
});

describe('on S3, two processes taking turns', () => {
  const missing = needsS3();
  let stop: (() => Promise<unknown>) | undefined;
  let clients: Client[];
  beforeAll(async () => {
    if (missing) return;
    const two = await startTwoOnS3();
    stop = two.stop;
    const { pusher } = await createAccounts(two.berths[0]);
    clients = two.berths.map((berth) => pusher.at(berth));
  });
  afterAll(() => stop?.());

  // Below a part, across the border of parts, and beyond it each time.
  it.each([1, 65_536, 5_000_000, 9_000_000])('appends each chunk of %i bytes at the end', (size) =>
    appendsAtTheEnd(clients, size),
  );
});

describe('services apart, two gateways taking turns', () => {
  const missing = needsS3();
  let stop: (() => Promise<unknown>) | undefined;
  let clients: Client[];
  beforeAll(async () => {
    if (missing) return;
    const split = await startSplit();
    stop = split.stop;
    const { pusher } = await createAccounts(split);
    clients = split.gateways.map((gateway) => pusher.at(gateway));
  });
  afterAll(() => stop?.());

  it.each([1, 65_536, 9_000_000])('appends each chunk of %i bytes at the end', (size) =>
    appendsAtTheEnd(clients, size),
  );
});
