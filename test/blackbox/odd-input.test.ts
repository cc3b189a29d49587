// What nobody sends by accident, to the REST and operator APIs: a refusal that says what is wrong, or what makes no sense counts
// as not sent; never a failure of Berth's own.
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startBerth, type TestBerth } from '../support/berth.js';
import { operator } from '../support/client.js';
import { createPerson, type Person } from '../support/people.js';

let berth: TestBerth;
let owner: Person;

beforeAll(async () => {
  berth = await startBerth();
  owner = await createPerson(berth, 'owner', { member: { acme: 'owner' } });
  await owner.v2.push('acme/app', '1');
});

afterAll(async () => {
  expect(berth.log()).not.toContain('request failed');
  await berth.stop();
});

const APP = '/orgs/acme/packages/container/app';

it.each([
  ...['constructor', '__proto__', 'toString', 'hasOwnProperty'].map((role) => `/orgs/acme/members?role=${role}`),
  `${APP}/versions?after=1.9999999999`,
  `${APP}/versions?after=99999999999999999.2147483648`,
  `${APP}/versions?page=2147483647&per_page=100`,
  `${APP}/tags/1/history?after=999999999999999999`,
  `${APP}/access/roles?after=~`,
  '/orgs/acme/sources?after=999999999',
  '/user/tokens?after=-1&per_page=-1',
])('GET %s', async (path) => {
  expect((await owner.rest('GET', path)).status).toBe(200);
});

it.each(['workflow:', 'workflow:abc', 'workflow:9999999999', 'workflow:1:', 'workflow:999999999:999999999'])(
  'explains nothing about %s',
  async (subject) => {
    expect((await owner.rest('GET', `${APP}/explain?action=pull&subject=${subject}`)).status).toBe(404);
    const query = `action=pull&package=acme/app&subject=${subject}`;
    expect((await operator(berth, 'GET', `/explain?${query}`)).status).toBe(404);
  },
);

/** Calls with one text in their body, which is each text in turn. */
const BODIES: Array<[string, string, (text: string) => unknown]> = [
  ['POST', '/user/tokens', (name) => ({ name, scopes: ['read:packages'] })],
  ['POST', '/orgs/acme/teams', (text) => ({ name: `team${text}` })],
  ['POST', '/orgs/acme/teams', (description) => ({ name: 'described', description })],
  ['POST', '/orgs/acme/sources', (text) => ({ url: `https://git.example/acme/${text}` })],
  ['PUT', `${APP}/tag-rules`, (text) => [{ pattern: 'v.*', publishers: [`workflow:https://git.example/${text}`] }]],
  ['PUT', `${APP}/tag-rules`, (text) => [{ pattern: `v${text}`, immutable: true }]],
  ['PUT', `${APP}/tags/1`, (digest) => ({ digest })],
  ['PUT', '/orgs/acme/sso', (text) => ({ required: false, groups: [{ group: `g${text}`, team: `t${text}` }] })],
  [
    'POST',
    '/orgs/acme/trust-policies',
    (text) => ({
      name: `p${text}`,
      issuer: 'https://issuer.example',
      audience: 'berth',
      conditions: { sub: `x${text}` },
      source: 'https://git.example/{repository}',
    }),
  ],
];

it.each(
  BODIES.flatMap(([method, path, body]) =>
    ['\0', '\ud800', 'a\udc00b'].map((text) => ({ method, path, body: body(text), text: JSON.stringify(text) })),
  ),
)('$method $path with $text', async ({ method, path, body }) => {
  const answer = await owner.rest(method, path, body);
  expect([answer.status, answer.body.message]).toEqual([400, expect.stringContaining('half a character')]);
});

it('takes a pair of halves', async () => {
  const { status, body } = await owner.rest('POST', '/user/tokens', {
    name: '\ud83d\ude00',
    scopes: ['read:packages'],
  });
  expect([status, body.name]).toEqual([201, '😀']);
});

it.each([
  ['"\\ud800"', 400],
  ['{"login":"\\u0000"}', 400],
  [`${'['.repeat(400_000)}${']'.repeat(400_000)}`, 400],
])('answers operators, too', async (body, status) => {
  const answer = await fetch(`${berth.url}/admin/v1/users`, {
    method: 'POST',
    headers: { authorization: `Bearer ${berth.adminToken}` },
    body,
  });
  expect(answer.status).toBe(status);
});

it('measures in bytes what the database does', async () => {
  const long = 'é'.repeat(200);
  const rules = await owner.rest('PUT', `${APP}/tag-rules`, [{ pattern: long, immutable: true }]);
  expect(rules.status).toBe(400);
  const policy = {
    name: 'p',
    issuer: `https://issuer.example/${'é'.repeat(900)}`,
    audience: 'berth',
    conditions: { sub: 'x' },
    source: 'https://git.example/{repository}',
  };
  expect((await owner.rest('POST', '/orgs/acme/trust-policies', policy)).status).toBe(400);
  for (const identity of [
    { issuer: 'https://issuer.example', subject: long },
    { issuer: 'é'.repeat(900), subject: 'x' },
  ]) {
    expect((await operator(berth, 'PUT', '/users/owner/identities', identity)).status).toBe(400);
  }
});
