// C40: times.
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startBerth, type TestBerth } from '../support/berth.js';
import { type Accounts, createAccounts, descriptor, encode, image, randomBlob, sha256 } from '../support/client.js';
import { rest } from '../support/rest.js';

let berth: TestBerth;
let accounts: Accounts;

beforeAll(async () => {
  berth = await startBerth();
  accounts = await createAccounts(berth);
});

afterAll(async () => {
  expect(berth.log()).not.toContain('request failed');
  await berth.stop();
});

const api = (path: string, method = 'GET', body?: unknown) =>
  rest(berth, accounts.pusher.token, path, { method, body });

const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/;
const AT = '/orgs/acme/packages/container/app';

/** Every field of an answer that tells a time. */
function timesIn(value: unknown): string[] {
  if (Array.isArray(value)) return value.flatMap(timesIn);
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) =>
    key.endsWith('_at') && inner !== null ? [String(inner)] : timesIn(inner),
  );
}

it('tells whole seconds of the push, whatever the image says', async () => {
  const { pusher } = accounts;
  const config = Buffer.from(JSON.stringify({ created: '1970-01-01T00:00:00Z', config: {} }));
  const layer = randomBlob();
  for (const blob of [config, layer]) await pusher.up('acme/app', blob);
  const began = Math.floor(Date.now() / 1000) * 1000;
  const digests: string[] = [];
  for (let i = 0; i < 6; i++) {
    const document = image([layer], {
      config: descriptor('application/vnd.oci.image.config.v1+json', config),
      annotations: { i: String(i) },
    });
    expect((await pusher.put('acme/app', `t${i}`, document)).status).toBe(201);
    digests.unshift(sha256(encode(document)));
  }
  await berth.sql(`UPDATE manifests SET pushed_at = (SELECT max(pushed_at) FROM manifests)`); // at the same moment

  const [gone, ...kept] = (await api(`${AT}/versions`)).body;
  expect([gone, ...kept].map(({ name }) => name)).toEqual(digests); // ties by id
  expect((await api(`${AT}/versions/${gone.id}`, 'DELETE')).status).toBe(204);
  const answers = [
    (await api('/orgs/acme/packages?package_type=container')).body,
    (await api(AT)).body,
    (await api(`${AT}/versions`)).body,
    (await api(`${AT}/versions?state=deleted`)).body,
    (await api(`${AT}/versions/${kept[0].id}`)).body,
  ];
  for (const answer of answers) {
    const times = timesIn(answer);
    expect(times.length).toBeGreaterThan(1);
    for (const time of times) {
      expect(time).toMatch(TIME);
      expect(Date.parse(time)).toBeGreaterThanOrEqual(began - 60_000);
    }
  }
  expect((await api(`${AT}/versions`)).body.map(({ name }: { name: string }) => name)).toEqual(digests.slice(1));
});
