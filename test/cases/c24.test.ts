// C24: docker asks for an offline token.
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startBerth, type TestBerth } from '../support/berth.js';
import { type Accounts, Client, createAccounts, createToken, operator } from '../support/client.js';

let berth: TestBerth;
let accounts: Accounts;

beforeAll(async () => {
  berth = await startBerth();
  accounts = await createAccounts(berth);
  await accounts.pusher.push('acme/app', '1');
});

afterAll(async () => {
  await berth.stop();
});

const SCOPE = 'repository:acme/app:pull';

/** The service that the challenge names. */
async function service(): Promise<string> {
  const challenge = (await fetch(`${berth.url}/v2/`)).headers.get('www-authenticate') ?? '';
  return /service="([^"]+)"/.exec(challenge)?.[1] ?? '';
}

const refresh = async (token: string) =>
  fetch(`${berth.url}/token`, {
    method: 'POST',
    body: new URLSearchParams({
      grant_type: 'refresh_token',
      refresh_token: token,
      service: await service(),
      client_id: 'docker',
      scope: SCOPE,
    }),
  });

it('gives a refresh token that stays, or none, and then the password stays', async () => {
  const { id, token } = await createToken(berth, 'pusher', ['read:packages']);
  const client = new Client(berth, 'pusher', token);
  const query = `service=${await service()}&client_id=docker&offline_token=true&account=pusher`;
  const ask = () => fetch(`${berth.url}/token?${query}&scope=${SCOPE}`, { headers: client.basic });
  const answer = await ask();
  expect(answer.status).toBe(200);
  const { refresh_token: refreshToken } = (await answer.json()) as { refresh_token?: string };

  const next = () => (refreshToken === undefined ? ask() : refresh(refreshToken));
  for (let i = 0; i < 5; i++) {
    const { access_token: bearer } = (await (await next()).json()) as { access_token: string };
    const pull = await client.v2('/v2/acme/app/manifests/1', { headers: { authorization: `Bearer ${bearer}` } });
    expect(pull.status).toBe(200);
  }
  expect((await operator(berth, 'DELETE', `/users/pusher/tokens/${id}`)).status).toBe(204);
  expect((await next()).status).toBe(401);
});

it('takes no access token and no password for a refresh token', async () => {
  for (const token of [await accounts.pusher.bearer(SCOPE), accounts.pusher.token ?? '', 'x', '']) {
    expect((await refresh(token)).status).toBe(401);
  }
});
