// C08: the token runs out in mid upload.
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, it } from 'vitest';
import { startBerth, type TestBerth } from '../support/berth.js';
import { type Accounts, createAccounts, errorCode, randomBlob, sha256 } from '../support/client.js';
import { chunk, RawConnection } from '../support/raw.js';

const SCOPE = 'repository:acme/app:pull,push';
const MB = 1_000_000;
/** Berth's leeway for clocks that differ. */
const SKEW_SECONDS = 60;

let berth: TestBerth;
let accounts: Accounts;

beforeAll(async () => {
  berth = await startBerth({ BERTH_TOKEN_TTL: '60s' });
  accounts = await createAccounts(berth);
});

afterAll(async () => {
  await berth.stop();
});

interface Issued {
  authorization: string;
  expiresIn: number;
  issuedAt: string;
}

async function issue(): Promise<Issued> {
  const answer = await fetch(`${berth.url}/token?service=x&scope=${SCOPE}`, { headers: accounts.pusher.basic });
  const body = (await answer.json()) as { token: string; expires_in: number; issued_at: string };
  return { authorization: `Bearer ${body.token}`, expiresIn: body.expires_in, issuedAt: body.issued_at };
}

// Both wait for the same clock: side by side, they wait once.
describe.concurrent('a token that runs out', () => {
  it('stops the next chunk, not the upload', async ({ expect }) => {
    const [first, second] = [randomBlob(MB), randomBlob(MB)];
    const whole = Buffer.concat([first, second]);
    const old = await issue();
    expect(old.expiresIn).toBeGreaterThanOrEqual(60);
    expect(old.issuedAt).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/);
    const location = await accounts.pusher.start('acme/app');
    const patch = (authorization: string, start: number, body: Uint8Array) =>
      accounts.pusher.v2(location, {
        method: 'PATCH',
        body,
        headers: { authorization, 'content-range': `${start}-${start + body.length - 1}` },
      });
    expect((await patch(old.authorization, 0, first)).status).toBe(202);

    await sleep((old.expiresIn + SKEW_SECONDS + 5) * 1000);

    const refused = await patch(old.authorization, MB, second);
    expect([refused.status, await errorCode(refused)]).toEqual([401, 'UNAUTHORIZED']);
    const challenge = refused.headers.get('www-authenticate');
    expect(challenge).toMatch(
      /^Bearer realm="http[^"]*\/token",service="[^"]+",scope="repository:acme\/app:pull,push"/,
    );
    const state = await accounts.pusher.v2(location);
    expect([state.status, state.headers.get('range')]).toEqual([204, `0-${MB - 1}`]);

    const { authorization } = await issue();
    const patched = await patch(authorization, MB, second);
    expect([patched.status, patched.headers.get('range')]).toEqual([202, `0-${2 * MB - 1}`]);
    const put = await accounts.pusher.v2(`${location}?digest=${sha256(whole)}`, {
      method: 'PUT',
      headers: { authorization },
    });
    expect(put.status).toBe(201);
    expect((await accounts.pusher.blob('acme/app', sha256(whole))).bytes.equals(whole)).toBe(true);
  }, 180_000);

  it('does not cut a chunk that began in time', async ({ expect }) => {
    const bytes = randomBlob(30 * 10_000);
    const asked = Date.now();
    const old = await issue();
    const location = await accounts.pusher.start('acme/app');
    // Counted from before it was issued: what came between took part of the time that is left to begin in.
    await sleep(asked + (old.expiresIn + SKEW_SECONDS - 10) * 1000 - Date.now());
    const connection = await RawConnection.open(berth);
    const headers = { Authorization: old.authorization, 'Transfer-Encoding': 'chunked' };
    await connection.send({ method: 'PATCH', path: location, headers });
    for (let at = 0; at < bytes.length; at += 10_000) {
      await connection.write(chunk(bytes.subarray(at, at + 10_000)));
      await sleep(1000);
    }
    await connection.write(chunk(Buffer.alloc(0)));
    const answer = await connection.answer();
    expect([answer?.status, answer?.headers.range]).toEqual([202, `0-${bytes.length - 1}`]);
    connection.destroy();
    const put = await accounts.pusher.v2(`${location}?digest=${sha256(bytes)}`, { method: 'PUT' });
    expect(put.status).toBe(201);
  }, 220_000);
});
