/** What the manual of the Container registry says about access, sentence by sentence, with crane in each one's hands. */
import { expect, test } from 'vitest';
import { Client, createToken, operator } from '../support/client.js';
import { createPerson, type Person } from '../support/people.js';
import { writeImage } from './support/image.js';
import { setUp } from './support/suite.js';

const REFUSED = /UNAUTHORIZED|unauthorized|DENIED|NAME_UNKNOWN|NOT_FOUND|not found/i;

const world = setUp(['crane'], async ({ berth, home, host, run }) => {
  await writeImage(`${home}/image`);

  /** Somebody with a home of their own, logged in with a token, or not at all. */
  async function hands(name: string, token?: string) {
    const env = { HOME: `${home}/${name}`, DOCKER_CONFIG: `${home}/${name}` };
    const crane = (...args: string[]) => run('crane', args, { env });
    if (token) {
      const login = ['auth', 'login', host, '--username', name, '--password-stdin'];
      await run('crane', login, { env, input: token });
    }
    const tries = async (...args: string[]): Promise<string> => {
      const failed = await crane(...args).then(
        () => undefined,
        (error: Error) => error.message,
      );
      return failed === undefined ? 'done' : REFUSED.test(failed) ? 'refused' : failed;
    };
    return {
      crane,
      pull: (image: string) => tries('manifest', `${host}/${image}`),
      push: (image: string) => tries('push', `${home}/image`, `${host}/${image}`),
      delete: async (image: string) => tries('delete', `${host}/${image}`),
    };
  }

  const owner = await createPerson(berth, 'octo-owner', { member: { octo: 'owner' } });
  const member = await createPerson(berth, 'octo-member', { member: { octo: 'member' } });
  const stranger = await createPerson(berth, 'somebody');
  const withScopes = async (person: Person, ...scopes: string[]) =>
    hands(
      `${person.login}-${scopes.length}-${scopes.at(-1)?.replace(':', '-')}`,
      (await createToken(berth, person.login, scopes)).token,
    );
  return {
    hands,
    withScopes,
    owner,
    member,
    stranger,
    asOwner: await hands('octo-owner', owner.token),
    asMember: await hands('octo-member', member.token),
    asStranger: await hands('somebody', stranger.token),
    anonymous: await hands('nobody'),
  };
});

const access = (name: string) => `/orgs/octo/packages/container/${name}/access`;

test('"When you first publish a package, the default visibility is private"', async () => {
  const { asMember, asOwner, asStranger, anonymous, owner } = world();
  expect(await asMember.push('octo/first:1')).toBe('done');
  expect((await owner.rest('GET', access('first'))).body.visibility).toBe('private');
  expect(await asMember.pull('octo/first:1'), 'who published').toBe('done');
  expect(await asOwner.pull('octo/first:1'), 'the owner of the organisation').toBe('done');
  expect(await asStranger.pull('octo/first:1')).toBe('refused');
  expect(await anonymous.pull('octo/first:1')).toBe('refused');
});

test('"public container images can be accessed anonymously", private ones cannot', async () => {
  const { asOwner, anonymous, owner, asStranger, host, berth } = world();
  await asOwner.push('octo/open:1');
  expect((await fetch(`${berth.url}/v2/octo/open/manifests/1`)).status).toBe(401);
  expect((await owner.rest('PATCH', access('open'), { visibility: 'public' })).status).toBe(200);
  expect(await anonymous.pull('octo/open:1')).toBe('done');
  await anonymous.crane('validate', '--remote', `${host}/octo/open:1`);
  expect(await anonymous.push('octo/open:2')).toBe('refused');
  expect(await asStranger.pull('octo/open:1')).toBe('done');
  expect(await asStranger.push('octo/open:2')).toBe('refused');
  expect((await owner.rest('PATCH', access('open'), { visibility: 'private' })).status).toBe(200);
  expect(await anonymous.pull('octo/open:1'), 'at once').toBe('refused');
});

test('"internal" packages are for members of the organisation', async () => {
  const { asOwner, asMember, asStranger, anonymous, owner } = world();
  await asOwner.push('octo/inside:1');
  await owner.rest('PATCH', access('inside'), { visibility: 'internal' });
  expect(await asMember.pull('octo/inside:1')).toBe('done');
  expect(await asMember.push('octo/inside:2')).toBe('refused');
  expect(await asStranger.pull('octo/inside:1')).toBe('refused');
  expect(await anonymous.pull('octo/inside:1')).toBe('refused');
});

test('"read:packages" downloads, "write:packages" uploads and downloads, "delete:packages" deletes', async () => {
  const { withScopes, owner, asOwner, host } = world();
  await asOwner.push('octo/scoped:1');
  const { stdout } = await asOwner.crane('digest', `${host}/octo/scoped:1`);
  const digest = stdout.trim();
  const reader = await withScopes(owner, 'read:packages');
  expect(await reader.pull('octo/scoped:1')).toBe('done');
  expect(await reader.push('octo/scoped:2')).toBe('refused');
  expect(await reader.delete(`octo/scoped@${digest}`)).toBe('refused');
  const writer = await withScopes(owner, 'write:packages');
  expect(await writer.pull('octo/scoped:1')).toBe('done');
  expect(await writer.push('octo/scoped:2')).toBe('done');
  expect(await writer.delete(`octo/scoped@${digest}`)).toBe('refused');
  const deleter = await withScopes(owner, 'delete:packages');
  expect(await deleter.pull('octo/scoped:1')).toBe('refused');
  expect(await deleter.push('octo/scoped:3')).toBe('refused');
  const cleaner = await withScopes(owner, 'read:packages', 'delete:packages');
  expect(await cleaner.delete(`octo/scoped@${digest}`)).toBe('done');
  expect(await asOwner.pull('octo/scoped:2'), 'its tags are gone with it').toContain('MANIFEST_UNKNOWN');
});

test('roles read, write and admin on a package, to users and to teams', async () => {
  const { asOwner, asStranger, asMember, owner, host } = world();
  await asOwner.push('octo/shared:1');
  const digest = (await asOwner.crane('digest', `${host}/octo/shared:1`)).stdout.trim();
  const roles = `${access('shared')}/roles`;
  expect(await asStranger.pull('octo/shared:1')).toBe('refused');
  await owner.rest('PUT', `${roles}/users/somebody`, { role: 'read' });
  expect([await asStranger.pull('octo/shared:1'), await asStranger.push('octo/shared:2')]).toEqual(['done', 'refused']);
  await owner.rest('PUT', `${roles}/users/somebody`, { role: 'write' });
  expect([await asStranger.push('octo/shared:2'), await asStranger.delete(`octo/shared@${digest}`)]).toEqual([
    'done',
    'refused',
  ]);
  await owner.rest('POST', '/orgs/octo/teams', { name: 'Everybody' });
  const { body: everybody } = await owner.rest('GET', '/orgs/octo/teams/everybody');
  await owner.rest('POST', '/orgs/octo/teams', { name: 'Some', parent_team_id: everybody.id });
  await owner.rest('PUT', '/orgs/octo/teams/some/memberships/octo-member');
  expect(await asMember.push('octo/shared:3')).toBe('refused');
  await owner.rest('PUT', `${roles}/teams/everybody`, { role: 'write' });
  expect(await asMember.push('octo/shared:3'), 'of a team inside it').toBe('done');
  await owner.rest('PUT', `${roles}/users/somebody`, { role: 'admin' });
  expect(await asStranger.delete(`octo/shared@${digest}`)).toBe('done');
});

test('permissions "inherited from a repository", and then cut', async () => {
  const { asOwner, asStranger, owner, host } = world();
  const { body: source } = await owner.rest('POST', '/orgs/octo/sources', { url: 'https://git.example/octo/app' });
  await owner.rest('PUT', `/orgs/octo/sources/${source.id}/roles/users/somebody`, { role: 'write' });
  await asOwner.push('octo/plain:1');
  // the first push of an image that names its source links it
  const annotation = 'org.opencontainers.image.source=https://git.example/octo/app';
  await asOwner.crane('mutate', `${host}/octo/plain:1`, '--annotation', annotation, '--tag', `${host}/octo/linked:1`);
  expect((await owner.rest('GET', access('linked'))).body).toMatchObject({ source: { id: source.id }, inherits: true });
  expect([await asStranger.pull('octo/linked:1'), await asStranger.push('octo/linked:2')]).toEqual(['done', 'done']);
  expect(await asStranger.pull('octo/plain:1')).toBe('refused');
  await owner.rest('PATCH', access('linked'), { inherits: false });
  expect([await asStranger.pull('octo/linked:1'), await asStranger.push('octo/linked:2')]).toEqual([
    'refused',
    'refused',
  ]);
  await owner.rest('PATCH', access('linked'), { inherits: true });
  expect(await asStranger.pull('octo/linked:1')).toBe('done');
});

test('what is taken away is gone at once, for bearer tokens that are out as well', async () => {
  const { berth, asOwner, owner, member, stranger } = world();
  await asOwner.push('octo/taken:1');
  const TAKEN = '/v2/octo/taken/manifests/1';
  const bearerOf = async (person: Person) => ({ authorization: `Bearer ${await person.v2.bearerFor(TAKEN)}` });
  const pull = async (headers: { authorization: string }) => (await fetch(berth.url + TAKEN, { headers })).status;

  // a role
  await owner.rest('PUT', `${access('taken')}/roles/users/somebody`, { role: 'read' });
  const withRole = await bearerOf(stranger);
  expect(await pull(withRole)).toBe(200);
  await owner.rest('DELETE', `${access('taken')}/roles/users/somebody`);
  expect(await pull(withRole)).toBe(404);

  // a membership
  await owner.rest('PATCH', access('taken'), { visibility: 'internal' });
  await owner.rest('PUT', '/orgs/octo/memberships/octo-member', { role: 'member' });
  const asMember = await bearerOf(member);
  expect(await pull(asMember)).toBe(200);
  await owner.rest('DELETE', '/orgs/octo/members/octo-member');
  expect(await pull(asMember)).toBe(404);
  await owner.rest('PUT', '/orgs/octo/memberships/octo-member', { role: 'member' });

  // a visibility
  await owner.rest('PATCH', access('taken'), { visibility: 'public' });
  const asAnybody = await bearerOf(stranger);
  expect(await pull(asAnybody)).toBe(200);
  await owner.rest('PATCH', access('taken'), { visibility: 'private' });
  expect(await pull(asAnybody)).toBe(404);

  // a token
  const { id, token } = await createToken(berth, 'octo-owner', ['read:packages']);
  const other = new Client(berth, 'octo-owner', token);
  const withToken = { authorization: `Bearer ${await other.bearerFor(TAKEN)}` };
  expect(await pull(withToken)).toBe(200);
  await operator(berth, 'DELETE', `/users/octo-owner/tokens/${id}`);
  expect(await pull(withToken)).toBe(401);
});
