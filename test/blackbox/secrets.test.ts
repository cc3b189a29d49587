// No secret in the log, in an answer or in the database (CVE-2025-48374), even at trace level.
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startBerth, type TestBerth } from '../support/berth.js';
import {
  type Accounts,
  basicHeader,
  createAccounts,
  createToken,
  operator,
  randomBlob,
  sha256,
} from '../support/client.js';
import { ask, RawConnection } from '../support/raw.js';

const ADMIN = 'canary-administrator-0123456789';
const CANARY = 'canary-password-abcdefghij';

let berth: TestBerth;
let accounts: Accounts;
const secrets = new Set<string>([ADMIN, CANARY]);
const answers: string[] = [];

beforeAll(async () => {
  berth = await startBerth({ BERTH_LOG_LEVEL: 'trace', BERTH_ADMIN_TOKEN: ADMIN });
  accounts = await createAccounts(berth);
  for (const { token } of [accounts.pusher, accounts.stranger]) secrets.add(token ?? '');
});

afterAll(async () => {
  await berth.stop();
});

/** Sends something that holds a secret, and keeps the answer for the search. */
async function say(request: Parameters<typeof ask>[1]): Promise<void> {
  const { body, headers } = await ask(berth, request);
  answers.push(body.toString(), JSON.stringify(headers));
}

it('keeps every secret to itself', async () => {
  const { pusher } = accounts;
  await pusher.push('acme/app', '1', [randomBlob(), randomBlob(100_000)]);
  const bearer = await pusher.bearerFor('/v2/acme/app/tags/list');
  secrets.add(bearer);
  secrets.add(bearer.split('.')[2] ?? '');
  const { id, token } = await createToken(berth, 'pusher', ['read:packages']);
  secrets.add(token);
  await operator(berth, 'DELETE', `/users/pusher/tokens/${id}`);

  // refusals of every kind, each with a secret in it
  for (const authorization of [
    basicHeader('pusher', CANARY),
    basicHeader('pusher', token),
    `Bearer ${CANARY}`,
    `Bearer ${bearer}x`,
    `Bearer  ${bearer}`,
    CANARY,
  ]) {
    for (const path of [
      '/token?service=x',
      '/v2/',
      '/v2/acme/app/tags/list',
      '/v2/Bad/Name/tags/list',
      '/admin/v1/users',
      '/nothing',
      '/v2/%',
    ]) {
      await say({ path, headers: { Authorization: authorization } });
    }
  }
  await say({
    method: 'POST',
    path: '/token',
    headers: { 'Content-Type': 'application/x-www-form-urlencoded' },
    body: `grant_type=password&username=pusher&password=${CANARY}`,
  });
  await say({
    method: 'POST',
    path: '/token',
    headers: { 'Content-Type': 'application/x-www-form-urlencoded' },
    body: `grant_type=refresh_token&refresh_token=${CANARY}`,
  });
  await say({
    method: 'POST',
    path: '/token',
    headers: { 'Content-Type': 'application/x-www-form-urlencoded' },
    body: `grant_type=${CANARY.slice(0, 6)}&password=${CANARY}`,
  });
  await say({
    method: 'POST',
    path: '/token',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ password: CANARY }),
  });
  await say({
    path: '/token?service=x',
    headers: [
      ['Authorization', basicHeader('a', CANARY)],
      ['Authorization', basicHeader('b', CANARY)],
    ],
  });
  await say({
    method: 'POST',
    path: '/admin/v1/users',
    headers: { Authorization: basicHeader('admin', ADMIN), 'Content-Type': 'application/json' },
    body: JSON.stringify({ login: 'x', password: CANARY }),
  });
  await say({ path: '/v2/', headers: { Authorization: `Basic ${'A'.repeat(20_000)}` } });

  // faults: the object of a blob is lost, a client goes away, the database refuses
  const layer = randomBlob(200_000);
  await pusher.up('acme/app', layer);
  await berth.sql(`UPDATE blobs SET object_key = 'gone/' || id WHERE digest = $1`, [sha256(layer)]);
  await say({ path: `/v2/acme/app/blobs/${sha256(layer)}`, headers: { Authorization: `Bearer ${bearer}` } });
  const location = await pusher.start('acme/app');
  const connection = await RawConnection.open(berth);
  await connection.send({
    method: 'PATCH',
    path: location,
    headers: { Authorization: `Bearer ${bearer}`, 'Content-Length': '1000' },
  });
  connection.socket.resetAndDestroy();
  await berth.sql('ALTER TABLE tags RENAME TO tags_away');
  await say({ path: '/v2/acme/app/tags/list', headers: { Authorization: `Bearer ${bearer}` } });
  await berth.sql('ALTER TABLE tags_away RENAME TO tags');
  await expect.poll(() => berth.log()).toContain('request failed');

  await berth.terminate();
  await berth.restart();
  const log = berth.log();
  for (const secret of secrets) {
    expect(secret.length).toBeGreaterThan(8);
    expect(log.includes(secret), `the log holds ${secret.slice(0, 12)}…`).toBe(false);
    expect(log.includes(Buffer.from(secret).toString('base64').slice(0, 20))).toBe(false);
    expect(
      answers.some((text) => text.includes(secret)),
      `an answer holds ${secret.slice(0, 12)}…`,
    ).toBe(false);
  }
});

it('keeps no secret in the database', async () => {
  const tables = await berth.sql<{ name: string }>(
    `SELECT quote_ident(schemaname) || '.' || quote_ident(tablename) AS name FROM pg_tables WHERE schemaname NOT IN ('pg_catalog', 'information_schema')`,
  );
  expect(tables.length).toBeGreaterThan(15);
  for (const { name } of tables) {
    const rows = JSON.stringify(await berth.sql(`SELECT t::text FROM ${name} AS t`));
    for (const secret of secrets) expect(rows.includes(secret), `${name} holds a secret`).toBe(false);
  }
});

it('keeps no secret in its folder, the administrator’s own file apart', async () => {
  for (const entry of await readdir(berth.folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const content = await readFile(join(entry.parentPath, entry.name), 'latin1');
    for (const secret of secrets) expect(content.includes(secret), entry.name).toBe(false);
  }
});
