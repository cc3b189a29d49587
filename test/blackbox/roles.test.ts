// Teams, sources and access lists as their owners change them through REST, and what they let whom do under /v2.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startBerth, type TestBerth } from '../support/berth.js';
import { type Document, E, image, operator, randomBlob, sha256 } from '../support/client.js';
import { createPerson, type Person, rightsOf } from '../support/people.js';

const SOURCE = 'org.opencontainers.image.source';
const BASE = 'org.opencontainers.image.base.';

let berth: TestBerth;
let owner: Person;
let member: Person;
let guest: Person;
let foreigner: Person;

beforeAll(async () => {
  berth = await startBerth();
  owner = await createPerson(berth, 'owner', { member: { acme: 'owner' } });
  member = await createPerson(berth, 'member', { member: { acme: 'member' } });
  guest = await createPerson(berth, 'guest');
  foreigner = await createPerson(berth, 'foreigner', { member: { other: 'owner' } });
  await owner.v2.push('acme/app', '1');
});

afterAll(async () => {
  await berth.stop();
});

const APP = '/orgs/acme/packages/container/app/access';

/** Makes a team and answers its id. */
async function team(name: string, parent?: number): Promise<number> {
  const { status, body } = await owner.rest('POST', '/orgs/acme/teams', {
    name,
    ...(parent && { parent_team_id: parent }),
  });
  expect(status, JSON.stringify(body)).toBe(201);
  return body.id;
}

async function source(url: string): Promise<number> {
  const { status, body } = await owner.rest('POST', '/orgs/acme/sources', { url });
  expect(status, JSON.stringify(body)).toBe(201);
  return body.id;
}

const audited = async (action: string) =>
  (await berth.sql<{ count: number }>('SELECT count(*)::int FROM audit_log WHERE action = $1', [action]))[0]?.count ??
  0;

describe('the access list of a package', () => {
  it.each([
    ['read', 'P--'],
    ['write', 'PW-'],
    ['admin', 'PWD'],
  ])('gives a user %s at once, and takes it at once', async (role, rights) => {
    expect(await rightsOf(guest.v2, 'acme/app')).toBe('---');
    expect((await owner.rest('PUT', `${APP}/roles/users/guest`, { role })).body).toEqual({ role });
    expect(await rightsOf(guest.v2, 'acme/app')).toBe(rights);
    expect((await owner.rest('GET', `${APP}/roles`)).body).toEqual([
      { kind: 'user', id: expect.any(Number), login: 'guest', role },
    ]);
    expect((await owner.rest('DELETE', `${APP}/roles/users/guest`)).status).toBe(204);
    expect(await rightsOf(guest.v2, 'acme/app')).toBe('---');
    expect((await owner.rest('DELETE', `${APP}/roles/users/guest`)).status).toBe(404);
  });

  it('is audited in each step', async () => {
    const before = await audited('package.role');
    await owner.rest('PUT', `${APP}/roles/users/guest`, { role: 'read' });
    await owner.rest('DELETE', `${APP}/roles/users/guest`);
    expect(await audited('package.role')).toBe(before + 2);
  });

  it('is for its admins: 404 for whom it is hidden from, 403 for who may only pull', async () => {
    for (const path of [APP, `${APP}/roles`]) {
      expect((await guest.rest('GET', path)).status).toBe(404);
      expect((await member.rest('GET', path)).status).toBe(404);
    }
    await owner.rest('PUT', `${APP}/roles/users/guest`, { role: 'write' });
    expect((await guest.rest('GET', APP)).status).toBe(403);
    expect((await guest.rest('PUT', `${APP}/roles/users/guest`, { role: 'admin' })).status).toBe(403);
    await owner.rest('PUT', `${APP}/roles/users/guest`, { role: 'admin' });
    expect((await guest.rest('GET', APP)).status).toBe(200);
    await owner.rest('DELETE', `${APP}/roles/users/guest`);
  });

  it('takes nobody and nothing that is not there or not of the namespace', async () => {
    await foreigner.rest('POST', '/orgs/other/teams', { name: 'theirs' });
    const theirs = (await foreigner.rest('POST', '/orgs/other/sources', { url: 'https://git.example/other/x' })).body
      .id;
    for (const holder of ['users/nobody', 'teams/theirs', 'teams/none', `workflows/${theirs}`, 'workflows/999999']) {
      expect((await owner.rest('PUT', `${APP}/roles/${holder}`, { role: 'read' })).status, holder).toBe(404);
    }
    for (const body of [{}, { role: 'owner' }, { role: 'read', isAdmin: true }, { role: null }]) {
      expect((await owner.rest('PUT', `${APP}/roles/users/guest`, body)).status, JSON.stringify(body)).toBe(400);
    }
    expect((await owner.rest('GET', `${APP}/roles`)).body).toEqual([]);
  });

  it('is paged', async () => {
    for (const name of ['a', 'b', 'c']) {
      await createPerson(berth, `listed-${name}`);
      await owner.rest('PUT', `${APP}/roles/users/listed-${name}`, { role: 'read' });
    }
    const logins: string[] = [];
    let path: string | undefined = `${APP}/roles?per_page=2`;
    while (path) {
      const { body, headers } = await owner.rest('GET', path);
      logins.push(...body.map(({ login }: { login: string }) => login));
      path = /<[^>]*\/api\/v3([^>]+)>; rel="next"/.exec(headers.get('link') ?? '')?.[1];
    }
    expect(logins).toEqual(['listed-a', 'listed-b', 'listed-c']);
    for (const name of ['a', 'b', 'c']) await owner.rest('DELETE', `${APP}/roles/users/listed-${name}`);
  });
});

it('links to a source or finds that it is gone, whoever deletes it at that moment', async () => {
  await owner.v2.push('acme/hasty', '1');
  const access = '/orgs/acme/packages/container/hasty/access';
  for (let i = 0; i < 25; i++) {
    const id = await source(`https://git.example/acme/hasty${i}`);
    const [linked, removed] = await Promise.all([
      owner.rest('PATCH', access, { source_id: id }),
      owner.rest('DELETE', `/orgs/acme/sources/${id}`),
    ]);
    expect([
      [200, 409],
      [400, 204],
    ]).toContainEqual([linked.status, removed.status]);
    await owner.rest('PATCH', access, { source_id: null });
    await owner.rest('DELETE', `/orgs/acme/sources/${id}`);
  }
});

describe('visibility', () => {
  it('goes in every direction, is audited, and acts at once', async () => {
    await owner.v2.push('acme/seen', '1');
    const seen = '/orgs/acme/packages/container/seen/access';
    const before = await audited('package.visibility');
    const steps = ['internal', 'public', 'private', 'public', 'internal', 'private'];
    for (const visibility of steps) {
      expect((await owner.rest('PATCH', seen, { visibility })).body.visibility).toBe(visibility);
      expect(await rightsOf(member.v2, 'acme/seen')).toBe(visibility === 'private' ? '---' : 'P--');
      expect(await rightsOf(guest.v2, 'acme/seen')).toBe(visibility === 'public' ? 'P--' : '---');
    }
    expect(await audited('package.visibility')).toBe(before + steps.length);
    expect((await owner.rest('PATCH', seen, { visibility: 'secret' })).status).toBe(400);
    expect((await member.rest('PATCH', seen, { visibility: 'public' })).status).toBe(404);
  });
});

describe('teams', () => {
  it('give their members roles; inner teams have those of the outer', async () => {
    const platform = await team('Platform');
    const storage = await team('Storage & Backup', platform);
    await team('night shift', storage);
    expect((await owner.rest('GET', '/orgs/acme/teams/storage-backup')).body).toMatchObject({
      name: 'Storage & Backup',
      parent: { id: platform, slug: 'platform' },
    });
    await owner.rest('PUT', `${APP}/roles/teams/platform`, { role: 'read' });
    await owner.rest('PUT', `${APP}/roles/teams/storage-backup`, { role: 'write' });
    expect(await rightsOf(member.v2, 'acme/app')).toBe('---');
    await owner.rest('PUT', '/orgs/acme/teams/platform/memberships/member');
    expect(await rightsOf(member.v2, 'acme/app')).toBe('P--');
    await owner.rest('PUT', '/orgs/acme/teams/night-shift/memberships/member');
    expect(await rightsOf(member.v2, 'acme/app')).toBe('PW-');
    await owner.rest('DELETE', '/orgs/acme/teams/platform/memberships/member');
    expect(await rightsOf(member.v2, 'acme/app')).toBe('PW-');
    // taken out of the team around it, the inner one loses that one's roles
    expect((await owner.rest('PATCH', '/orgs/acme/teams/night-shift', { parent_team_id: null })).status).toBe(200);
    expect(await rightsOf(member.v2, 'acme/app')).toBe('---');
    await owner.rest('PATCH', '/orgs/acme/teams/night-shift', { parent_team_id: platform });
    expect(await rightsOf(member.v2, 'acme/app')).toBe('P--');
    expect((await owner.rest('DELETE', '/orgs/acme/teams/platform')).status).toBe(204);
    expect(await rightsOf(member.v2, 'acme/app')).toBe('---');
    expect((await owner.rest('GET', '/orgs/acme/teams')).body).toEqual([]);
    expect((await owner.rest('GET', `${APP}/roles`)).body).toEqual([]);
  });

  it('stand eight deep at most and never in themselves', async () => {
    const ids: number[] = [];
    for (let depth = 1; depth <= 8; depth++) ids.push(await team(`deep ${depth}`, ids.at(-1)));
    const ninth = await owner.rest('POST', '/orgs/acme/teams', { name: 'deep 9', parent_team_id: ids[7] });
    expect([ninth.status, ninth.body.message]).toEqual([400, expect.stringContaining('8 deep')]);
    const loop = await owner.rest('PATCH', '/orgs/acme/teams/deep-1', { parent_team_id: ids[4] });
    expect([loop.status, loop.body.message]).toEqual([400, expect.stringContaining('inside itself')]);
    const itself = await owner.rest('PATCH', '/orgs/acme/teams/deep-1', { parent_team_id: ids[0] });
    expect(itself.status).toBe(400);
    const hat = await team('hat');
    expect((await owner.rest('PATCH', '/orgs/acme/teams/deep-1', { parent_team_id: hat })).status).toBe(400);
    expect((await owner.rest('PATCH', '/orgs/acme/teams/deep-2', { parent_team_id: hat })).status).toBe(200);
    await Promise.all(['hat', 'deep-1'].map((slug) => owner.rest('DELETE', `/orgs/acme/teams/${slug}`)));
    expect((await owner.rest('GET', '/orgs/acme/teams')).body).toEqual([]);
  });

  it('moved into each other at the same moment never make a ring', async () => {
    const [a, b] = [await team('ring a'), await team('ring b')];
    const answers = await Promise.all([
      owner.rest('PATCH', '/orgs/acme/teams/ring-a', { parent_team_id: b }),
      owner.rest('PATCH', '/orgs/acme/teams/ring-b', { parent_team_id: a }),
    ]);
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 400]);
    for (const slug of ['ring-a', 'ring-b']) await owner.rest('DELETE', `/orgs/acme/teams/${slug}`);
    expect((await owner.rest('GET', '/orgs/acme/teams')).body).toEqual([]);
  });

  it('are of members of the organisation only, by its owners only', async () => {
    await team('small');
    expect((await owner.rest('PUT', '/orgs/acme/teams/small/memberships/guest')).status).toBe(400);
    expect((await owner.rest('POST', '/orgs/acme/teams', { name: 'Small!' })).status).toBe(400);
    expect((await owner.rest('POST', '/orgs/acme/teams', { name: '☃' })).status).toBe(400);
    expect((await owner.rest('POST', '/orgs/acme/teams', { name: 'x', parent_team_id: 999999 })).status).toBe(400);
    const calls: Array<[string, string, object?]> = [
      ['POST', '/orgs/acme/teams', { name: 'mine' }],
      ['PATCH', '/orgs/acme/teams/small', { name: 'mine' }],
      ['DELETE', '/orgs/acme/teams/small'],
      ['PUT', '/orgs/acme/teams/small/memberships/member'],
    ];
    for (const [method, path, body] of calls) {
      expect((await member.rest(method, path, body)).status, `member ${method} ${path}`).toBe(403);
      expect((await guest.rest(method, path, body)).status, `guest ${method} ${path}`).toBe(404);
      expect((await foreigner.rest(method, path, body)).status, `foreigner ${method} ${path}`).toBe(404);
    }
    expect((await member.rest('GET', '/orgs/acme/teams')).body).toHaveLength(1);
    expect((await guest.rest('GET', '/orgs/acme/teams')).status).toBe(404);
    expect((await guest.rest('GET', '/orgs/none/teams')).status).toBe(404);
    await owner.rest('DELETE', '/orgs/acme/teams/small');
  });
});

describe('members', () => {
  it('are listed, made owners and members, and never without an owner', async () => {
    expect((await member.rest('GET', '/orgs/acme/members')).body.map((m: { login: string }) => m.login)).toEqual([
      'member',
      'owner',
    ]);
    expect((await member.rest('GET', '/orgs/acme/members?role=admin')).body).toMatchObject([{ login: 'owner' }]);
    expect((await owner.rest('PUT', '/orgs/acme/memberships/owner', { role: 'member' })).status).toBe(409);
    expect((await owner.rest('DELETE', '/orgs/acme/members/owner')).status).toBe(409);
    expect((await owner.rest('PUT', '/orgs/acme/memberships/nobody', { role: 'member' })).status).toBe(404);
    expect((await owner.rest('PUT', '/orgs/acme/memberships/member', { role: 'admin' })).body.role).toBe('admin');
    expect((await member.rest('PUT', '/orgs/acme/memberships/owner', { role: 'member' })).status).toBe(200);
    expect((await member.rest('PUT', '/orgs/acme/memberships/owner', { role: 'admin' })).status).toBe(200);
    expect((await owner.rest('PUT', '/orgs/acme/memberships/member', { role: 'member' })).status).toBe(200);
  });

  it('lose everything when they leave: teams, own roles, what they published', async () => {
    const leaver = await createPerson(berth, 'leaver', { member: { acme: 'member' } });
    await leaver.v2.push('acme/of-leaver', '1');
    await team('crew');
    await owner.rest('PUT', '/orgs/acme/teams/crew/memberships/leaver');
    await owner.v2.push('acme/of-crew', '1');
    await owner.rest('PUT', '/orgs/acme/packages/container/of-crew/access/roles/teams/crew', { role: 'write' });
    await owner.rest('PUT', `${APP}/roles/users/leaver`, { role: 'write' });
    const id = await source('https://git.example/acme/left');
    await owner.rest('PUT', `/orgs/acme/sources/${id}/roles/users/leaver`, { role: 'write' });
    const all = async () =>
      Promise.all(['of-leaver', 'of-crew', 'app'].map((name) => rightsOf(leaver.v2, `acme/${name}`)));
    expect(await all()).toEqual(['PWD', 'PW-', 'PW-']);
    expect((await owner.rest('DELETE', '/orgs/acme/members/leaver')).status).toBe(204);
    expect(await all()).toEqual(['---', '---', '---']);
    expect((await owner.rest('GET', `/orgs/acme/sources/${id}/roles`)).body).toEqual([]);
    await owner.rest('PUT', '/orgs/acme/memberships/leaver', { role: 'member' });
    expect(await all(), 'back as a plain member').toEqual(['PWD', '---', '---']);
    await owner.rest('DELETE', '/orgs/acme/teams/crew');
  });

  it('are taken out by operators, too', async () => {
    await createPerson(berth, 'let-go', { member: { acme: 'member' } });
    expect((await operator(berth, 'DELETE', '/orgs/acme/members/let-go')).status).toBe(204);
    expect((await operator(berth, 'DELETE', '/orgs/acme/members/let-go')).status).toBe(404);
    expect((await operator(berth, 'DELETE', '/orgs/other/members/foreigner')).status).toBe(409);
  });
});

describe('sources', () => {
  it('have one URL each in their namespace, whatever its spelling', async () => {
    const { body } = await owner.rest('POST', '/orgs/acme/sources', { url: 'https://GIT.example/Acme/One.git' });
    expect(body).toMatchObject({ url: 'https://git.example/acme/one', id: expect.any(Number) });
    expect((await owner.rest('POST', '/orgs/acme/sources', { url: 'https://git.example/acme/one/' })).status).toBe(409);
    expect((await foreigner.rest('POST', '/orgs/other/sources', { url: 'https://git.example/acme/one' })).status).toBe(
      201,
    );
    expect((await owner.rest('POST', '/orgs/acme/sources', { url: 'git@git.example:acme/one' })).status).toBe(400);
    expect((await member.rest('POST', '/orgs/acme/sources', { url: 'https://git.example/acme/two' })).status).toBe(403);
    expect((await guest.rest('POST', '/orgs/acme/sources', { url: 'https://git.example/acme/two' })).status).toBe(404);
    expect((await owner.rest('GET', `/orgs/acme/sources/${body.id}`)).status).toBe(200);
    expect((await foreigner.rest('GET', `/orgs/other/sources/${body.id}`)).status, "another namespace's id").toBe(404);
    expect((await owner.rest('DELETE', `/orgs/acme/sources/${body.id}`)).status).toBe(204);
    expect((await owner.rest('GET', `/orgs/acme/sources/${body.id}`)).status).toBe(404);
  });

  it('are had by users as well', async () => {
    const made = await guest.rest('POST', '/users/guest/sources', { url: 'https://git.example/guest/app' });
    expect(made.status).toBe(201);
    expect((await owner.rest('GET', '/users/guest/sources')).status).toBe(404);
    expect((await guest.rest('GET', '/orgs/guest/sources')).status, 'no organisation').toBe(404);
  });

  it('give their roles to packages that inherit, until that is cut', async () => {
    await owner.v2.push('acme/linked', '1');
    const linked = '/orgs/acme/packages/container/linked/access';
    const id = await source('https://git.example/acme/linked');
    await team('readers');
    await owner.rest('PUT', '/orgs/acme/teams/readers/memberships/member');
    await owner.rest('PUT', `/orgs/acme/sources/${id}/roles/users/guest`, { role: 'write' });
    await owner.rest('PUT', `/orgs/acme/sources/${id}/roles/teams/readers`, { role: 'read' });
    const both = async () => [await rightsOf(guest.v2, 'acme/linked'), await rightsOf(member.v2, 'acme/linked')];
    expect(await both()).toEqual(['---', '---']);
    expect((await owner.rest('PATCH', linked, { inherits: true })).status, 'without a source').toBe(400);
    expect((await owner.rest('PATCH', linked, { source_id: id })).body).toEqual({
      visibility: 'private',
      source: { id, url: 'https://git.example/acme/linked' },
      inherits: true,
    });
    expect(await both()).toEqual(['PW-', 'P--']);
    await owner.rest('PATCH', linked, { inherits: false });
    expect(await both()).toEqual(['---', '---']);
    await owner.rest('PATCH', linked, { inherits: true });
    await owner.rest('PUT', `/orgs/acme/sources/${id}/roles/users/guest`, { role: 'admin' });
    expect(await both()).toEqual(['PWD', 'P--']);
    expect((await owner.rest('DELETE', `/orgs/acme/sources/${id}`)).status, 'while linked').toBe(409);
    expect((await owner.rest('PATCH', linked, { source_id: null })).body).toMatchObject({
      source: null,
      inherits: false,
    });
    expect(await both()).toEqual(['---', '---']);
    await owner.rest('DELETE', '/orgs/acme/teams/readers');
  });

  it('are linked by hand only within the namespace, by whom they let write', async () => {
    const theirs = (await foreigner.rest('GET', '/orgs/other/sources')).body[0].id;
    expect((await owner.rest('PATCH', APP, { source_id: theirs })).status).toBe(400);
    const id = await source('https://git.example/acme/guarded');
    await owner.rest('PUT', `${APP}/roles/users/guest`, { role: 'admin' });
    expect((await guest.rest('PATCH', APP, { source_id: id })).status).toBe(403);
    await owner.rest('PUT', `/orgs/acme/sources/${id}/roles/users/guest`, { role: 'write' });
    expect((await guest.rest('PATCH', APP, { source_id: id })).status).toBe(200);
    await owner.rest('PATCH', APP, { source_id: null });
    await owner.rest('DELETE', `${APP}/roles/users/guest`);
  });
});

describe('an image that names its source', () => {
  const linkOf = async (name: string) => (await owner.rest('GET', `/orgs/acme/packages/container/${name}/access`)).body;

  /** Pushes one image with these annotations. */
  async function push(person: Person, name: string, annotations: Record<string, string>): Promise<Document> {
    const layer = randomBlob(64);
    for (const blob of [E, layer]) await person.v2.up(`acme/${name}`, blob);
    const document = image([layer], { annotations });
    expect((await person.v2.put(`acme/${name}`, '1', document)).status).toBe(201);
    return document;
  }

  it('is linked at its first push, by whom the source lets write', async () => {
    const id = await source('https://git.example/acme/named');
    await push(owner, 'named-1', { [SOURCE]: 'https://git.example/Acme/Named.git' });
    expect(await linkOf('named-1')).toMatchObject({ source: { id }, inherits: true });
    await push(member, 'named-2', { [SOURCE]: 'https://git.example/acme/named' });
    expect(await linkOf('named-2'), 'by a member who may not write to it').toMatchObject({
      source: null,
      inherits: false,
    });
    await owner.rest('PUT', `/orgs/acme/sources/${id}/roles/users/member`, { role: 'read' });
    await push(member, 'named-3', { [SOURCE]: 'https://git.example/acme/named' });
    expect(await linkOf('named-3'), 'by one who may read').toMatchObject({ source: null });
    await owner.rest('PUT', `/orgs/acme/sources/${id}/roles/users/member`, { role: 'write' });
    await push(member, 'named-4', { [SOURCE]: 'https://git.example/acme/named' });
    expect(await linkOf('named-4')).toMatchObject({ source: { id }, inherits: true });
  });

  it('is not linked at a later push, nor to what is no source of the namespace', async () => {
    await source('https://git.example/acme/later');
    await push(owner, 'later', {});
    await push(owner, 'later', { [SOURCE]: 'https://git.example/acme/later' });
    expect(await linkOf('later')).toMatchObject({ source: null });
    await push(owner, 'elsewhere', { [SOURCE]: 'https://git.example/other/x' });
    expect(await linkOf('elsewhere')).toMatchObject({ source: null });
  });

  it('is not linked by what it inherited from its base image', async () => {
    await source('https://git.example/acme/base');
    const url = 'https://git.example/acme/base';
    const base = await push(owner, 'base', { [SOURCE]: url });
    expect(await linkOf('base')).toMatchObject({ inherits: true });
    const named = {
      [`${BASE}name`]: `${berth.host}/acme/base:1`,
      [`${BASE}digest`]: sha256(Buffer.from(JSON.stringify(base))),
    };
    await push(owner, 'on-base', { [SOURCE]: url, ...named });
    expect(await linkOf('on-base')).toMatchObject({ source: null });
    // a NUL in a value is no reason to fail
    const nul = await push(owner, 'nul', { [SOURCE]: url, title: 'a\0b', [`${BASE}source`]: url });
    const onNul = { [`${BASE}name`]: 'acme/nul', [`${BASE}digest`]: sha256(Buffer.from(JSON.stringify(nul))) };
    await push(owner, 'on-nul', { [SOURCE]: url, ...onNul });
    expect(await linkOf('on-nul')).toMatchObject({ source: null });
    await push(owner, 'on-base-2', { [SOURCE]: url, [`${BASE}source`]: url });
    expect(await linkOf('on-base-2')).toMatchObject({ source: null });
  });
});

describe('reserved names', () => {
  it.each(['v2', 'token', 'api', 'admin', 'orgs', 'settings', 'Anonymous'])('%s is nobody', async (login) => {
    expect((await operator(berth, 'POST', '/orgs', { login })).status).toBe(400);
    expect((await operator(berth, 'POST', '/users', { login })).status).toBe(400);
  });
});
