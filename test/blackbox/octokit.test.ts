// GitHub's own client lists, gets, deletes and restores packages and versions, unchanged but for its base URL.
import { Octokit } from '@octokit/rest';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startBerth, type TestBerth } from '../support/berth.js';
import { type Accounts, createAccounts, createToken, E, encode, image, randomBlob, sha256 } from '../support/client.js';

let berth: TestBerth;
let accounts: Accounts;
let octokit: Octokit;

const octokitFor = (token: string | undefined) =>
  new Octokit({ auth: token, baseUrl: `${berth.url}/api/v3`, log: QUIET });
const QUIET = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };

beforeAll(async () => {
  berth = await startBerth();
  accounts = await createAccounts(berth);
  octokit = octokitFor(accounts.pusher.token);
});

afterAll(async () => {
  await berth.stop();
});

const CONTAINER = { package_type: 'container' } as const;
const inAcme = (package_name: string) => ({ org: 'acme', ...CONTAINER, package_name });

/** The status with which a call fails; undefined when it does not. */
const failure = (call: Promise<unknown>): Promise<number | undefined> =>
  call.then(
    () => undefined,
    (error: { status: number }) => error.status,
  );

const statusOf = async (path: string) => (await accounts.pusher.v2(path)).status;

describe('packages', () => {
  it('are listed, got, deleted and restored: of an organisation', async () => {
    await accounts.pusher.push('acme/one', '1');
    const { data: packages } = await octokit.packages.listPackagesForOrganization({ org: 'acme', ...CONTAINER });
    expect(packages.map(({ name }) => name)).toEqual(['one']);
    const { data: one } = await octokit.packages.getPackageForOrganization(inAcme('one'));
    expect(one).toMatchObject({
      id: packages[0]?.id,
      name: 'one',
      package_type: 'container',
      owner: { login: 'acme', type: 'Organization' },
      version_count: 1,
      visibility: 'private',
      url: `${berth.url}/api/v3/orgs/acme/packages/container/one`,
      html_url: `${berth.url}/orgs/acme/packages/container/package/one`,
    });
    await octokit.packages.deletePackageForOrg(inAcme('one'));
    expect(await failure(octokit.packages.getPackageForOrganization(inAcme('one')))).toBe(404);
    expect(await statusOf('/v2/acme/one/manifests/1')).toBe(404);
    await octokit.packages.restorePackageForOrg(inAcme('one'));
    expect((await octokit.packages.getPackageForOrganization(inAcme('one'))).data.id).toBe(one.id);
    expect(await statusOf('/v2/acme/one/manifests/1')).toBe(200);
  });

  it("are the caller's own, and a user's", async () => {
    await accounts.pusher.push('pusher/mine', '1');
    const mine = { ...CONTAINER, package_name: 'mine' };
    const { data: listed } = await octokit.packages.listPackagesForAuthenticatedUser(CONTAINER);
    expect(listed.map(({ name }) => name)).toEqual(['mine']);
    const { data: ofUser } = await octokit.packages.listPackagesForUser({ username: 'pusher', ...CONTAINER });
    expect(ofUser).toEqual(listed);
    const { data: got } = await octokit.packages.getPackageForAuthenticatedUser(mine);
    expect(got).toMatchObject({
      owner: { login: 'pusher', type: 'User' },
      url: expect.stringContaining('/users/pusher/'),
    });
    expect((await octokit.packages.getPackageForUser({ username: 'pusher', ...mine })).data).toEqual(got);
    await octokit.packages.deletePackageForAuthenticatedUser(mine);
    await octokit.packages.restorePackageForAuthenticatedUser(mine);
    await octokit.packages.deletePackageForUser({ username: 'pusher', ...mine });
    await octokit.packages.restorePackageForUser({ username: 'pusher', ...mine });
    expect((await octokit.packages.getPackageForAuthenticatedUser(mine)).data.id).toBe(got.id);
  });

  it('of an organisation answer under users, too, and those of a user not under orgs', async () => {
    const asUser = { username: 'acme', ...CONTAINER };
    const { data } = await octokit.packages.listPackagesForUser(asUser);
    expect(data.map(({ name }) => name)).toEqual(['one']);
    expect((await octokit.packages.getPackageForUser({ ...asUser, package_name: 'one' })).data.owner?.login).toBe(
      'acme',
    );
    expect(await failure(octokit.packages.listPackagesForOrganization({ org: 'pusher', ...CONTAINER }))).toBe(404);
    expect(await failure(octokit.packages.getPackageForOrganization({ ...inAcme('mine'), org: 'pusher' }))).toBe(404);
    expect(await failure(octokit.packages.listPackagesForOrganization({ org: 'nobody', ...CONTAINER }))).toBe(404);
  });

  it('filter by visibility; other types have none', async () => {
    const list = (more: object) =>
      octokit.packages
        .listPackagesForOrganization({ org: 'acme', ...CONTAINER, ...more })
        .then(({ data }) => data.length);
    expect(await list({ visibility: 'private' })).toBe(1);
    expect(await list({ visibility: 'public' })).toBe(0);
    expect(await list({ package_type: 'npm' })).toBe(0);
    expect(await failure(list({ package_type: 'floppy' }))).toBe(400);
    expect(await failure(list({ visibility: 'open' }))).toBe(400);
  });

  it('are seen by nobody who may not pull them, and changed by nobody without scope and role', async () => {
    const stranger = octokitFor(accounts.stranger.token);
    const get = (client: Octokit, name = 'one') => failure(client.packages.getPackageForOrganization(inAcme(name)));
    expect([await get(stranger), await get(stranger, 'absent')]).toEqual([404, 404]);
    expect(await failure(stranger.packages.deletePackageForOrg(inAcme('one')))).toBe(404);
    expect((await stranger.packages.listPackagesForOrganization({ org: 'acme', ...CONTAINER })).data).toEqual([]);
    expect(await get(octokitFor(undefined))).toBe(401);
    const reader = octokitFor((await createToken(berth, 'pusher', ['read:packages'])).token);
    expect(await get(reader)).toBeUndefined();
    expect(await failure(reader.packages.deletePackageForOrg(inAcme('one')))).toBe(403);
    expect(await failure(reader.packages.deletePackageForOrg(inAcme('absent')))).toBe(403);
    const writer = octokitFor((await createToken(berth, 'pusher', ['write:packages'])).token);
    expect(await failure(writer.packages.deletePackageForOrg(inAcme('one')))).toBe(403);
    await octokit.packages.deletePackageForOrg(inAcme('one'));
    expect(await failure(stranger.packages.restorePackageForOrg(inAcme('one')))).toBe(404);
    expect(await failure(stranger.packages.restorePackageForOrg(inAcme('absent')))).toBe(404);
    expect(await failure(reader.packages.restorePackageForOrg(inAcme('one')))).toBe(403);
    await writer.packages.restorePackageForOrg(inAcme('one'));
    await berth.sql(
      `UPDATE packages SET visibility = 'public' WHERE id IN (SELECT package_id FROM package_names WHERE full_name = 'acme/one')`,
    );
    expect(await get(stranger)).toBeUndefined();
    expect(await failure(stranger.packages.deletePackageForOrg(inAcme('one')))).toBe(403);
    expect((await stranger.packages.listPackagesForOrganization({ org: 'acme', ...CONTAINER })).data).toHaveLength(1);
  });

  it('are not restored once their time has passed', async () => {
    await accounts.pusher.push('acme/late', '1');
    await octokit.packages.deletePackageForOrg(inAcme('late'));
    await berth.sql(`UPDATE packages SET purge_at = now() WHERE deleted_name = 'acme/late'`);
    expect(await failure(octokit.packages.restorePackageForOrg(inAcme('late')))).toBe(404);
  });

  it('go on in pages', async () => {
    for (const name of ['a', 'b', 'c', 'd', 'e']) await accounts.stranger.push(`other/${name}`, '1');
    const stranger = octokitFor(accounts.stranger.token);
    const all = await stranger.paginate(stranger.packages.listPackagesForOrganization, {
      org: 'other',
      ...CONTAINER,
      per_page: 2,
    });
    expect(all.map(({ name }) => name)).toEqual(['a', 'b', 'c', 'd', 'e']);
  });
});

describe('versions', () => {
  it('are listed, got, deleted and restored, each with its tags', async () => {
    const { pusher } = accounts;
    const first = await pusher.push('acme/app', '1');
    await pusher.push('acme/app', '2');
    await pusher.put('acme/app', 'one', first);
    const app = inAcme('app');
    const { data: versions } = await octokit.packages.getAllPackageVersionsForPackageOwnedByOrg(app);
    expect(versions.map(({ metadata }) => metadata?.container?.tags)).toEqual([['2'], ['one', '1']]);
    const digest = sha256(encode(first));
    const old = versions.find(({ name }) => name === digest);
    const version = { ...app, package_version_id: old?.id ?? 0 };
    const { data: got } = await octokit.packages.getPackageVersionForOrganization(version);
    expect(got).toEqual(old);
    expect(got).toMatchObject({
      name: digest,
      package_html_url: `${berth.url}/orgs/acme/packages/container/package/app`,
      metadata: { package_type: 'container', container: { tags: ['one', '1'] } },
    });

    await octokit.packages.deletePackageVersionForOrg(version);
    expect([await statusOf('/v2/acme/app/manifests/1'), await statusOf(`/v2/acme/app/manifests/${digest}`)]).toEqual([
      404, 404,
    ]);
    expect(await failure(octokit.packages.getPackageVersionForOrganization(version))).toBe(404);
    expect(await failure(octokit.packages.deletePackageVersionForOrg(version))).toBe(404);
    const { data: deleted } = await octokit.packages.getAllPackageVersionsForPackageOwnedByOrg({
      ...app,
      state: 'deleted',
    });
    expect(deleted).toMatchObject([{ id: version.package_version_id, name: digest, deleted_at: expect.any(String) }]);
    await pusher.push('acme/app', '1'); // taken meanwhile

    await octokit.packages.restorePackageVersionForOrg(version);
    const { data: restored } = await octokit.packages.getPackageVersionForOrganization(version);
    expect(restored.metadata?.container?.tags).toEqual(['one']);
    expect(await statusOf('/v2/acme/app/manifests/one')).toBe(200);
    expect(await failure(octokit.packages.restorePackageVersionForOrg(version))).toBe(404);
  });

  it('answer alike for the user and the caller', async () => {
    await accounts.pusher.push('pusher/app', '1');
    const app = { ...CONTAINER, package_name: 'app' };
    const { data: versions } = await octokit.packages.getAllPackageVersionsForPackageOwnedByAuthenticatedUser(app);
    const asUser = { ...app, username: 'pusher' };
    expect((await octokit.packages.getAllPackageVersionsForPackageOwnedByUser(asUser)).data).toEqual(versions);
    const id = { package_version_id: versions[0]?.id ?? 0 };
    await octokit.packages.deletePackageVersionForAuthenticatedUser({ ...app, ...id });
    await octokit.packages.restorePackageVersionForAuthenticatedUser({ ...app, ...id });
    await octokit.packages.deletePackageVersionForUser({ ...asUser, ...id });
    await octokit.packages.restorePackageVersionForUser({ ...asUser, ...id });
    expect(
      (await octokit.packages.getPackageVersionForUser({ ...asUser, ...id })).data.metadata?.container?.tags,
    ).toEqual(['1']);
    expect((await octokit.packages.getPackageVersionForAuthenticatedUser({ ...app, ...id })).data.id).toBe(
      id.package_version_id,
    );
  });

  it("of another package are not found under this one's name", async () => {
    const { data: others } = await octokit.packages.getAllPackageVersionsForPackageOwnedByAuthenticatedUser({
      ...CONTAINER,
      package_name: 'app',
    });
    const foreign = { ...inAcme('app'), package_version_id: others[0]?.id ?? 0 };
    expect(await failure(octokit.packages.getPackageVersionForOrganization(foreign))).toBe(404);
    expect(await failure(octokit.packages.deletePackageVersionForOrg(foreign))).toBe(404);
    expect(await failure(octokit.packages.restorePackageVersionForOrg(foreign))).toBe(404);
  });

  it('go on in pages while they are being deleted', async () => {
    const { pusher } = accounts;
    const layer = randomBlob();
    for (const blob of [E, layer]) await pusher.up('acme/many', blob);
    for (let i = 0; i < 7; i++)
      await pusher.put('acme/many', `t${i}`, image([layer], { annotations: { i: String(i) } }));
    const seen: string[] = [];
    for await (const { data } of octokit.paginate.iterator(octokit.packages.getAllPackageVersionsForPackageOwnedByOrg, {
      ...inAcme('many'),
      per_page: 2,
    })) {
      for (const { id, name } of data) {
        seen.push(name);
        await octokit.packages.deletePackageVersionForOrg({ ...inAcme('many'), package_version_id: id });
      }
    }
    expect(new Set(seen).size).toBe(7);
  });

  it('of a public package stay when many people use them', async () => {
    const { pusher } = accounts;
    await pusher.push('acme/popular', '1');
    const popular = inAcme('popular');
    const [version] = (await octokit.packages.getAllPackageVersionsForPackageOwnedByOrg(popular)).data;
    const id = version?.id ?? 0;
    await berth.sql(`INSERT INTO manifest_downloads (manifest_id, count, last_at) VALUES ($1, 5001, now())`, [id]);
    await berth.sql(
      `UPDATE packages SET visibility = 'public' WHERE id = (SELECT package_id FROM package_names WHERE full_name = 'acme/popular')`,
    );
    expect(await failure(octokit.packages.deletePackageVersionForOrg({ ...popular, package_version_id: id }))).toBe(
      400,
    );
    expect(await failure(octokit.packages.deletePackageForOrg(popular))).toBe(400);
    await berth.sql(`UPDATE manifest_downloads SET count = 5000 WHERE manifest_id = $1`, [id]);
    await octokit.packages.deletePackageVersionForOrg({ ...popular, package_version_id: id });
    await octokit.packages.deletePackageForOrg(popular);
  });
});

it('says nothing failed in its log', () => {
  expect(berth.log()).not.toContain('request failed');
});
