// Workflows log in with the OIDC token of their run, against a real provider.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startBerth, type TestBerth } from '../support/berth.js';
import { type Accounts, basicHeader, Client, createAccounts, errorCode, operator } from '../support/client.js';
import { startIssuer, type TestIssuer } from '../support/issuer.js';
import { createPerson } from '../support/people.js';

const OUTBOUND = { BERTH_OUTBOUND_NETWORKS: '127.0.0.0/8', BERTH_OUTBOUND_HTTP: 'on' };
const SOURCE = 'https://github.com/acme/app';

let berth: TestBerth;
let issuer: TestIssuer;
let accounts: Accounts;

beforeAll(async () => {
  issuer = await startIssuer();
  berth = await startBerth(OUTBOUND);
  accounts = await createAccounts(berth);
  await berth.sql(`INSERT INTO sources (namespace_id, url) SELECT id, $1 FROM namespaces WHERE path = 'acme'`, [
    SOURCE,
  ]);
  issuer.accounts.set('run', { repository: 'acme/app', ref: 'refs/heads/main' });
  issuer.accounts.set('other', { repository: 'other/app', ref: 'refs/heads/main' });
});

afterAll(async () => {
  await berth?.stop();
  await issuer?.stop();
});

const policy = (more: object = {}) => ({
  name: 'main',
  issuer: issuer.url,
  audience: 'berth',
  conditions: { repository: 'acme/app', ref: 'refs/heads/*' },
  source: SOURCE,
  ...more,
});

const login = (password: string, username = 'oidc') =>
  fetch(`${berth.url}/token?service=x`, { headers: { authorization: basicHeader(username, password) } });

const exchange = (form: Record<string, string>) =>
  fetch(`${berth.url}/token`, { method: 'POST', body: new URLSearchParams(form) });

const EXCHANGE = {
  grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
  subject_token_type: 'urn:ietf:params:oauth:token-type:id_token',
};

describe('trust policies, as operators make them', () => {
  it('are made, listed by key and deleted', async () => {
    const made = await operator(berth, 'POST', '/orgs/Acme/trust-policies', policy());
    expect(made).toMatchObject({ status: 201, body: { ...policy(), counts_pulls: true } });
    const template = 'https://github.com/{repository}';
    const second = await operator(berth, 'POST', '/orgs/acme/trust-policies', policy({ source: template }));
    expect(second.body).toMatchObject({ source: template });
    const { body } = await operator(berth, 'GET', `/orgs/acme/trust-policies?after=${made.body.id}`);
    expect(body.trust_policies).toEqual([second.body]);
    for (const { id } of [made.body, second.body]) {
      expect((await operator(berth, 'DELETE', `/orgs/other/trust-policies/${id}`)).status).toBe(404);
      expect((await operator(berth, 'DELETE', `/orgs/acme/trust-policies/${id}`)).status).toBe(204);
      expect((await operator(berth, 'DELETE', `/orgs/acme/trust-policies/${id}`)).status).toBe(404);
    }
    const audit = await berth.sql(`SELECT action FROM audit_log WHERE action LIKE 'trust_policy.%' ORDER BY id`);
    expect(audit.map(({ action }) => action)).toEqual([
      ...['trust_policy.create', 'trust_policy.create', 'trust_policy.delete', 'trust_policy.delete'],
    ]);
  });

  it.each([
    ['an unknown source', { source: 'https://github.com/acme/none' }, 404],
    ['no condition', { conditions: {} }, 400],
    ['conditions that fit all whom the issuer knows', { conditions: { aud: 'berth', sub: '*' } }, 400],
    ['conditions that all begin with *', { conditions: { sub: '*', repository: '*/app' } }, 400],
    ['an issuer that is no URL', { issuer: 'github' }, 400],
    ['an issuer with a query', { issuer: 'https://issuer.example/?x' }, 400],
    ['an unknown field', { role: 'admin' }, 400],
    ['a condition that is no text', { conditions: { sub: { startsWith: 'a' } } }, 400],
    ['a NUL', { name: 'a\0b' }, 400],
  ])('are refused with %s', async (_, more, status) => {
    expect((await operator(berth, 'POST', '/orgs/acme/trust-policies', policy(more))).status).toBe(status);
  });

  it('name a source in whatever form forges take for it', async () => {
    const made = await operator(
      berth,
      'POST',
      '/orgs/acme/trust-policies',
      policy({ source: 'https://GitHub.com/Acme/App.git' }),
    );
    expect([made.status, made.body.source]).toEqual([201, SOURCE]);
    expect((await operator(berth, 'DELETE', `/orgs/acme/trust-policies/${made.body.id}`)).status).toBe(204);
  });

  it('are the owners’ to make, list and delete as well', async () => {
    const owner = await createPerson(berth, 'governor', { member: { acme: 'owner' } });
    const made = await owner.rest('POST', '/orgs/acme/trust-policies', policy({ name: 'by an owner' }));
    expect([made.status, made.body]).toMatchObject([201, { ...policy(), name: 'by an owner', counts_pulls: true }]);
    const { id } = made.body as unknown as { id: number };
    expect((await owner.rest('GET', '/orgs/acme/trust-policies')).body).toContainEqual(made.body);
    const unknown = await owner.rest('POST', '/orgs/acme/trust-policies', policy({ source: 'https://github.com/x/y' }));
    expect(unknown.status).toBe(422);
    expect((await owner.rest('DELETE', `/orgs/acme/trust-policies/${id}`)).status).toBe(204);
    expect((await owner.rest('DELETE', `/orgs/acme/trust-policies/${id}`)).status).toBe(404);
  });

  it('belong to an organisation that exists, and to operators', async () => {
    expect((await operator(berth, 'POST', '/orgs/nobody/trust-policies', policy())).status).toBe(404);
    expect((await operator(berth, 'GET', '/orgs/no%00body/trust-policies')).status).toBe(404);
    expect((await fetch(`${berth.url}/admin/v1/orgs/acme/trust-policies`)).status).toBe(401);
  });
});

describe('a workflow', () => {
  let policyId: unknown;
  beforeAll(async () => {
    policyId = (await operator(berth, 'POST', '/orgs/acme/trust-policies', policy())).body.id;
  });

  it('logs in with its OIDC token as password, as often as it needs within its life', async () => {
    const token = await issuer.idToken('run', 'berth');
    for (const username of ['oidc', 'oidc', 'anything']) {
      const answer = await login(token, username);
      expect(answer.status).toBe(200);
      const { expires_in: life } = (await answer.json()) as { expires_in: number };
      expect(life).toBeGreaterThanOrEqual(60);
    }
  });

  it('gets no bearer token that outlives its own by more than a minute', async () => {
    const exp = Math.floor(Date.now() / 1000) + 100;
    const answer = await login(await issuer.sign({ repository: 'acme/app', ref: 'refs/heads/main', exp }));
    const { expires_in: life } = (await answer.json()) as { expires_in: number };
    expect(life).toBeLessThanOrEqual(100);
    expect(life).toBeGreaterThanOrEqual(60);
  });

  it('exchanges it (RFC 8693), and sends it as an OAuth2 password', async () => {
    const token = await issuer.idToken('run', 'berth');
    const answer = await exchange({ ...EXCHANGE, subject_token: token, scope: 'repository:acme/app:pull' });
    expect(answer.status).toBe(200);
    expect(await answer.json()).toMatchObject({
      access_token: expect.any(String),
      token_type: 'Bearer',
      issued_token_type: 'urn:ietf:params:oauth:token-type:access_token',
      expires_in: expect.any(Number),
    });
    expect((await exchange({ grant_type: 'password', username: 'oidc', password: token })).status).toBe(200);
  });

  it.each([
    ['of a type that is none', { subject_token_type: 'urn:ietf:params:oauth:token-type:saml2' }, 400],
    ['without a type', { subject_token_type: '' }, 400],
    ['without a token', { subject_token: '' }, 401],
    ['of a personal access token', { subject_token: 'an-administrator-token-for-tests' }, 401],
  ])('is refused an exchange %s', async (_, form, status) => {
    const token = await issuer.idToken('run', 'berth');
    expect((await exchange({ ...EXCHANGE, subject_token: token, ...form })).status).toBe(status);
  });

  it('that nobody trusts is told so; what is not genuine is told nothing', async () => {
    const stranger = await login(await issuer.idToken('other', 'berth'));
    expect(stranger.status).toBe(401);
    expect(await stranger.text()).toContain('no trust policy fits');
    const elsewhere = await login(await issuer.idToken('run', 'https://elsewhere.example'));
    expect([elsewhere.status, await elsewhere.text()]).toEqual([401, expect.stringContaining('no trust policy fits')]);

    const uniform = await (await login('wrong-password-of-20-characters')).text();
    const now = Math.floor(Date.now() / 1000);
    const claims = { repository: 'acme/app', ref: 'refs/heads/main' };
    const [header, payload] = (await issuer.sign(claims)).split('.');
    for (const token of [
      await issuer.sign({ ...claims, exp: now - 100 }),
      await issuer.sign({ ...claims, iss: 'https://issuer.example' }),
      await issuer.sign(claims, { kid: 'unknown' }),
      `${header}.${payload}.AAAA`,
    ]) {
      const answer = await login(token);
      expect([answer.status, await answer.text()]).toEqual([401, uniform]);
    }
  });

  it('is a stranger to the REST API and the operator API: its token is no personal access token', async () => {
    const token = await issuer.idToken('run', 'berth');
    for (const path of ['/api/v3/rate_limit', '/admin/v1/orgs/acme/trust-policies']) {
      const answer = await fetch(berth.url + path, { headers: { authorization: `Bearer ${token}` } });
      expect(answer.status).toBe(401);
    }
  });

  it('publishes, which links the package to its source; pushes and pulls it, and deletes nothing', async () => {
    const workflow = new Client(berth, 'oidc', await issuer.idToken('run', 'berth'));
    const document = await workflow.push('acme/app', '1');
    await workflow.push('acme/app', '2');
    expect((await workflow.v2('/v2/acme/app/manifests/1')).status).toBe(200);
    const refused = await workflow.v2('/v2/acme/app/manifests/1', { method: 'DELETE' });
    expect([refused.status, await errorCode(refused)]).toEqual([403, 'DENIED']);
    const [linked] = await berth.sql(
      `SELECT s.url, p.inherits, p.publisher_id, p.visibility FROM packages p JOIN sources s ON s.id = p.source_id
       JOIN package_names n ON n.package_id = p.id WHERE n.full_name = 'acme/app'`,
    );
    expect(linked).toEqual({ url: SOURCE, inherits: true, publisher_id: null, visibility: 'private' });
    expect(document.mediaType).toContain('manifest');
  });

  it('has no right on packages of others, in its namespace or elsewhere', async () => {
    const workflow = new Client(berth, 'oidc', await issuer.idToken('run', 'berth'));
    await accounts.pusher.push('acme/private', '1');
    await accounts.stranger.push('other/private', '1');
    for (const name of ['acme/private', 'other/private', 'other/free', 'acme/free/as-well']) {
      const pull = await workflow.v2(`/v2/${name}/manifests/1`);
      expect(pull.status, name).toBe(404);
    }
    for (const name of ['acme/private', 'other/private', 'other/free']) {
      expect((await workflow.v2(`/v2/${name}/blobs/uploads/`, { method: 'POST' })).status, name).toBe(403);
    }
  });

  it('is cut off at once when the policy goes: its bearer tokens and its login', async () => {
    const token = await issuer.idToken('run', 'berth');
    const workflow = new Client(berth, 'oidc', token);
    const authorization = `Bearer ${await workflow.bearerFor('/v2/acme/app/manifests/1')}`;
    expect((await workflow.v2('/v2/acme/app/manifests/1', { headers: { authorization } })).status).toBe(200);
    expect((await workflow.v2('/v2/', { headers: { authorization } })).status).toBe(200);
    await operator(berth, 'DELETE', `/orgs/acme/trust-policies/${policyId}`);
    expect((await workflow.v2('/v2/acme/app/manifests/1', { headers: { authorization } })).status).toBe(401);
    expect((await workflow.v2('/v2/', { headers: { authorization } })).status).toBe(401);
    expect((await login(token)).status).toBe(401);
  });
});

it('asks no issuer in a private network that the operator did not list', async () => {
  const guarded = await startBerth();
  try {
    await createAccounts(guarded);
    await guarded.sql(`INSERT INTO sources (namespace_id, url) SELECT id, $1 FROM namespaces WHERE path = 'acme'`, [
      SOURCE,
    ]);
    expect((await operator(guarded, 'POST', '/orgs/acme/trust-policies', policy())).status).toBe(201);
    const before = issuer.keysRead();
    const answer = await fetch(`${guarded.url}/token?service=x`, {
      headers: { authorization: basicHeader('oidc', await issuer.idToken('run', 'berth')) },
    });
    expect(answer.status).toBe(401);
    expect(issuer.keysRead()).toBe(before);
  } finally {
    await guarded.stop();
  }
});

it('finds a policy behind however many of other namespaces', async () => {
  await berth.sql(
    `INSERT INTO trust_policies (namespace_id, source_url, name, issuer, audience, conditions)
     SELECT id, 'https://github.com/{repository}', 'many', $1, 'berth', '{"sub": "nobody"}'
     FROM namespaces, generate_series(1, 1001) WHERE path = 'other'`,
    [issuer.url],
  );
  issuer.accounts.set('late', { repository: 'acme/late', ref: 'refs/heads/main' });
  const token = await issuer.idToken('late', 'berth');
  expect((await login(token)).status).toBe(401);
  await operator(berth, 'POST', '/orgs/acme/trust-policies', policy({ conditions: { repository: 'acme/late' } }));
  expect((await login(token)).status).toBe(200);
  const form = { ...EXCHANGE, subject_token: token, scope: 'repository:acme/app:pull' };
  expect((await exchange(form)).status).toBe(200);
});
