// Rotation of the key that signs bearer tokens, while clients use two gateways: nothing that was handed out is refused.
import { decodeProtectedHeader } from 'jose';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startAllInOne, type TestBerth } from '../support/berth.js';
import { operator } from '../support/client.js';

let berth: TestBerth;
/** On the same database, with caches of its own. */
let other: TestBerth;

beforeAll(async () => {
  berth = await startAllInOne();
  other = await startAllInOne({ BERTH_DATABASE_URL: berth.databaseUrl });
});

afterAll(async () => {
  await other?.stop();
  await berth?.stop();
});

interface Key {
  kid: string;
  state: string;
  created_at: string;
  signs_from: string;
  retires_at: string;
}

const keys = async (): Promise<Key[]> => (await operator(berth, 'GET', '/keys')).body.keys as Key[];

async function tokenOf({ url }: TestBerth): Promise<string> {
  const authorization = `Basic ${Buffer.from(`admin:${berth.adminToken}`).toString('base64')}`;
  const answer = await fetch(`${url}/token`, { headers: { authorization } });
  return ((await answer.json()) as { token: string }).token;
}

const isTaken = async ({ url }: TestBerth, token: string): Promise<boolean> =>
  (await fetch(`${url}/v2/`, { headers: { authorization: `Bearer ${token}` } })).status === 200;

const kidOf = (token: string) => decodeProtectedHeader(token).kid;

async function published(): Promise<string[]> {
  const answer = await fetch(`${other.url}/.well-known/jwks.json`);
  return ((await answer.json()) as { keys: Array<{ kid: string }> }).keys.map(({ kid }) => kid);
}

it('makes every gateway know the new key before it signs, and keeps the old one for its tokens', async () => {
  const first = await tokenOf(berth);
  expect(await isTaken(other, first)).toBe(true); // which has read the keys of now
  const [old] = await keys();
  expect([old?.state, old?.kid]).toEqual(['signing', kidOf(first)]);

  const rotation = await operator(berth, 'POST', '/keys/rotation');
  expect(rotation).toMatchObject({ status: 202, body: { kid: expect.any(String), state: 'next' } });
  const fresh = rotation.body as unknown as Key;
  expect(await published()).toEqual([old?.kid, fresh.kid]);
  expect((await keys()).map(({ kid, state }) => [kid, state])).toEqual([
    [fresh.kid, 'next'],
    [old?.kid, 'signing'],
  ]);
  expect((await operator(other, 'POST', '/keys/rotation')).status).toBe(409);

  const refused: string[] = [];
  for (let seen = new Set<string | undefined>(); !seen.has('both'); ) {
    const tokens = [await tokenOf(berth), await tokenOf(other)];
    for (const token of [first, ...tokens]) {
      for (const gateway of [berth, other]) if (!(await isTaken(gateway, token))) refused.push(kidOf(token) ?? '');
    }
    if (tokens.every((token) => kidOf(token) === fresh.kid)) seen = new Set(['both']);
    await new Promise((resolve) => setTimeout(resolve, 250));
  }
  expect(refused).toEqual([]);

  const [signing, retiring] = await keys();
  expect([signing?.kid, signing?.state, retiring?.kid, retiring?.state]).toEqual([
    fresh.kid,
    'signing',
    old?.kid,
    'retiring',
  ]);
  // It verifies for the life of a token (5 minutes) and more, counted from the first signature of the new one.
  const overlap = (Date.parse(retiring?.retires_at ?? '') - Date.parse(fresh.signs_from)) / 1000;
  expect(Math.round(overlap)).toBe(300 + 120);
}, 300_000);

it('retires the old key', async () => {
  const [signing, retiring] = await keys();
  await berth.sql('UPDATE signing_keys SET retires_at = now() WHERE kid = $1', [retiring?.kid]);
  expect((await keys()).map(({ state }) => state)).toEqual(['signing', 'retired']);
  expect(await published()).toEqual([signing?.kid]);
});

it('tells no private half, and is in the audit log', async () => {
  const text = JSON.stringify(await keys());
  for (const { private_jwk: jwk } of await berth.sql<{ private_jwk: { d: string } }>(
    'SELECT private_jwk FROM signing_keys',
  )) {
    expect(text).not.toContain(jwk.d);
  }
  expect(Object.keys((await keys())[0] ?? {}).sort()).toEqual([
    'created_at',
    'kid',
    'retires_at',
    'signs_from',
    'state',
  ]);
  const { body } = await operator(berth, 'GET', '/audit-log');
  const entries = body as unknown as Array<{ action: string; actor: string }>;
  expect(entries.filter(({ action }) => action === 'key.rotate')).toMatchObject([{ actor: 'admin' }]);
});

it('takes the place of a key that waits for the end of the present one, and of no other', async () => {
  const ahead = "now() + interval '20 hours'";
  await berth.sql(
    `INSERT INTO signing_keys (kid, private_jwk, public_jwk, signs_from, retires_at)
     SELECT 'scheduled', private_jwk, public_jwk, ${ahead}, ${ahead} + interval '31 days' FROM signing_keys LIMIT 1`,
  );
  const answers = await Promise.all([berth, other, berth].map((at) => operator(at, 'POST', '/keys/rotation')));
  expect(answers.map(({ status }) => status).sort()).toEqual([202, 409, 409]);
  expect((await keys()).map(({ state }) => state)).toEqual(['next', 'signing', 'retired']);
});
