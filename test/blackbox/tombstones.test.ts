// What readers are told of a tag or digest that was removed, what strangers are not, and what a package's admins see of it.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startBerth, type TestBerth } from '../support/berth.js';
import { Client, collectGarbage, type Document, descriptor, E, encode, image, sha256 } from '../support/client.js';
import { createPerson, type Person } from '../support/people.js';

let berth: TestBerth;
let owner: Person;
let reader: Person;
let stranger: Person;

beforeAll(async () => {
  berth = await startBerth();
  owner = await createPerson(berth, 'owner', { member: { acme: 'owner' } });
  reader = await createPerson(berth, 'reader');
  stranger = await createPerson(berth, 'stranger', { member: { other: 'owner' } });
});

afterAll(async () => {
  expect(berth.log()).not.toContain('request failed');
  await berth.stop();
});

const TIME = expect.stringMatching(/^20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
const digestOf = (document: Document) => sha256(encode(document));
const inRest = (name: string) => name.replace('/', '/packages/container/');

interface ErrorBody {
  errors: Array<{ code: string; message: string; detail: Record<string, unknown> & { removed?: object } }>;
}

/** A package with an image under a tag; the reader may read it. */
async function publish(name: string, tag = '1'): Promise<Document> {
  const document = await owner.v2.push(name, tag);
  await owner.rest('PUT', `/orgs/${inRest(name)}/access/roles/users/reader`, { role: 'read' });
  return document;
}

async function get(client: Client, name: string, reference: string) {
  const answer = await client.v2(`/v2/${name}/manifests/${reference}`);
  const text = await answer.text();
  const [error] = answer.ok ? [] : (JSON.parse(text) as ErrorBody).errors;
  return { status: answer.status, length: text.length, error };
}

/** What the refusal says of the removal. */
async function removedOf(client: Client, name: string, reference: string) {
  const { status, error } = await get(client, name, reference);
  expect([status, error?.code]).toEqual([404, 'MANIFEST_UNKNOWN']);
  return error?.detail.removed;
}

async function versionOf(name: string, document: Document): Promise<number> {
  const { body } = await owner.rest('GET', `/orgs/${inRest(name)}/versions`);
  return (body as Array<{ id: number; name: string }>).find((version) => version.name === digestOf(document))?.id ?? 0;
}

async function deleteByRest(name: string, document: Document): Promise<number> {
  const id = await versionOf(name, document);
  expect((await owner.rest('DELETE', `/orgs/${inRest(name)}/versions/${id}`)).status).toBe(204);
  return id;
}

const list = async (name: string, query = '') => owner.rest('GET', `/orgs/${inRest(name)}/tombstones${query}`);
const remove = (name: string, reference: string) =>
  owner.v2.v2(`/v2/${name}/manifests/${reference}`, { method: 'DELETE' });

describe('a reader is told', () => {
  it('who deleted a version through REST, and until when it can come back; then it does', async () => {
    const document = await publish('acme/rest');
    const id = await deleteByRest('acme/rest', document);
    const removed = { at: TIME, by: 'owner', rule: null, digest: digestOf(document), restorableUntil: TIME };
    for (const reference of ['1', digestOf(document)]) {
      expect(await removedOf(reader.v2, 'acme/rest', reference)).toEqual(removed);
    }
    const { error, length } = await get(reader.v2, 'acme/rest', '1');
    expect(error?.detail).toMatchObject({ kind: 'tag', tag: '1' });
    expect(error?.message).toMatch(/^manifest unknown to registry: removed by owner at .*, can be restored until 20/);
    const head = await reader.v2.v2('/v2/acme/rest/manifests/1', { method: 'HEAD' });
    expect([head.status, await head.text(), head.headers.get('content-length')]).toEqual([404, '', String(length)]);
    expect((await list('acme/rest')).body).toMatchObject([
      { kind: 'digest', version_id: id },
      { kind: 'tag', version_id: id },
    ]);

    await owner.rest('POST', `/orgs/${inRest('acme/rest')}/versions/${id}/restore`);
    expect((await get(reader.v2, 'acme/rest', '1')).status).toBe(200);
    expect((await list('acme/rest')).body).toEqual([]);
  });

  it('that a DELETE under /v2 is final, of the manifest and the tags that it had', async () => {
    const document = await publish('acme/final');
    expect((await remove('acme/final', digestOf(document))).status).toBe(202);
    for (const reference of ['1', digestOf(document)]) {
      expect(await removedOf(reader.v2, 'acme/final', reference)).toMatchObject({ by: 'owner', restorableUntil: null });
    }
    expect((await get(reader.v2, 'acme/final', '1')).error?.message).not.toContain('restored');
  });

  it('what a deleted tag pointed at, which is still there', async () => {
    const document = await publish('acme/tag');
    expect((await remove('acme/tag', '1')).status).toBe(202);
    expect(await removedOf(reader.v2, 'acme/tag', '1')).toMatchObject({
      by: 'owner',
      digest: digestOf(document),
      restorableUntil: null,
    });
    expect((await get(reader.v2, 'acme/tag', digestOf(document))).status).toBe(200);
  });

  it('which rule took an untagged manifest, and what was about it', async () => {
    const subject = await publish('acme/rule');
    const signature = image([], { subject: descriptor(subject.mediaType, encode(subject)) });
    expect((await owner.v2.put('acme/rule', digestOf(signature), signature)).status).toBe(201);
    await remove('acme/rule', '1');
    await berth.sql(`UPDATE manifests SET review_at = now() - interval '1 second' WHERE digest = $1`, [
      digestOf(subject),
    ]);
    await collectGarbage(berth);
    expect(await removedOf(reader.v2, 'acme/rule', digestOf(subject))).toMatchObject({
      by: null,
      rule: 'untagged',
      restorableUntil: TIME,
    });
    expect((await get(reader.v2, 'acme/rule', digestOf(subject))).error?.message).toContain('by the rule untagged');
    await berth.sql(`UPDATE manifests SET purge_at = now() WHERE digest = $1`, [digestOf(subject)]);
    await collectGarbage(berth);
    const final = { by: null, restorableUntil: null };
    expect(await removedOf(reader.v2, 'acme/rule', digestOf(subject))).toMatchObject({ rule: 'untagged', ...final });
    expect(await removedOf(reader.v2, 'acme/rule', digestOf(signature))).toMatchObject({
      rule: 'subject-removed',
      ...final,
    });
  });

  it('nothing where nothing was removed: a tag that moved, one that never was', async () => {
    const first = await publish('acme/moved');
    const second = await owner.v2.push('acme/moved', '1');
    for (const reference of ['1', digestOf(first), digestOf(second)]) {
      expect((await get(reader.v2, 'acme/moved', reference)).status).toBe(200);
    }
    expect((await get(reader.v2, 'acme/moved', 'none')).error).toEqual({
      code: 'MANIFEST_UNKNOWN',
      message: 'manifest unknown to registry',
      detail: { kind: 'tag', tag: 'none' },
    });
    expect((await list('acme/moved')).body).toEqual([]);
  });

  it('nothing any more once it is pushed again', async () => {
    const document = await publish('acme/again');
    await remove('acme/again', digestOf(document));
    expect((await owner.v2.put('acme/again', digestOf(document), document)).status).toBe(201);
    expect((await list('acme/again')).body).toMatchObject([{ reference: '1' }]);
    await owner.v2.push('acme/again', '1');
    expect((await list('acme/again')).body).toEqual([]);
    const deleted = await deleteByRest('acme/again', document);
    expect(deleted).toBeGreaterThan(0);
    await owner.v2.put('acme/again', digestOf(document), document); // the row is live again, not made anew
    expect((await list('acme/again')).body).toEqual([]);
  });
});

describe('others are not told', () => {
  it('anything: a stranger gets what a name gets that is free', async () => {
    const document = await publish('acme/gone');
    await deleteByRest('acme/gone', document);
    const told = async (client: Client, name: string, reference: string, method: string) => {
      const authorization = `Bearer ${await client.bearer('repository:acme/gone:pull', 'repository:acme/none:pull')}`;
      const answer = await client.v2(`/v2/${name}/manifests/${reference}`, { method, headers: { authorization } });
      const headers = [...answer.headers].filter(([header]) => !['x-request-id', 'date'].includes(header));
      return JSON.stringify([answer.status, headers, await answer.text()]).replaceAll(name, 'NAME');
    };
    for (const client of [stranger.v2, new Client(berth, undefined, undefined)]) {
      for (const reference of ['1', digestOf(document)]) {
        for (const method of ['GET', 'HEAD']) {
          const answer = await told(client, 'acme/gone', reference, method);
          expect(answer).toBe(await told(client, 'acme/none', reference, method));
          expect(answer).not.toContain('owner');
        }
      }
    }
    expect((await stranger.rest('GET', '/orgs/acme/packages/container/gone/tombstones')).status).toBe(404);
    expect((await reader.rest('GET', '/orgs/acme/packages/container/gone/tombstones')).status).toBe(403);
  });

  it('who it was: people are named to those who have a login', async () => {
    const document = await publish('acme/open');
    await berth.sql(`UPDATE packages SET visibility = 'public' FROM package_names n
      WHERE n.package_id = packages.id AND n.full_name = 'acme/open'`);
    await deleteByRest('acme/open', document);
    const { token } = (await (await fetch(`${berth.url}/token?scope=repository:acme/open:pull`)).json()) as {
      token: string;
    };
    const answer = await fetch(`${berth.url}/v2/acme/open/manifests/1`, {
      headers: { authorization: `Bearer ${token}` },
    });
    const text = await answer.text();
    expect([answer.status, (JSON.parse(text) as ErrorBody).errors[0]?.detail.removed]).toEqual([
      404,
      { at: TIME, by: null, rule: null, digest: digestOf(document), restorableUntil: TIME },
    ]);
    expect(text).toContain('removed by somebody');
    expect(text).not.toContain('owner');
    expect(await removedOf(stranger.v2, 'acme/open', '1')).toMatchObject({ by: 'owner' });
  });
});

describe('the package’s admins see', () => {
  it('who asked for it last, and how often', async () => {
    const document = await publish('acme/asked');
    await remove('acme/asked', digestOf(document));
    await get(owner.v2, 'acme/asked', '1');
    await reader.v2.v2('/v2/acme/asked/manifests/1', { method: 'HEAD' });
    await get(reader.v2, 'acme/asked', '1');
    await stranger.v2.v2('/v2/acme/asked/manifests/1');
    await expect
      .poll(async () => (await list('acme/asked')).body, { timeout: 60_000, interval: 1000 })
      .toEqual([
        {
          reference: digestOf(document),
          kind: 'digest',
          digest: digestOf(document),
          removed_at: TIME,
          removed_by: 'owner',
          rule: null,
          restorable_until: null,
          version_id: null,
          asked: 0,
          last_asked_at: null,
          last_asked_by: null,
        },
        expect.objectContaining({
          reference: '1',
          kind: 'tag',
          asked: 3,
          last_asked_at: TIME,
          last_asked_by: 'reader',
        }),
      ]);
    await get(owner.v2, 'acme/asked', '1');
    await berth.restart(); // stopping flushes
    expect((await list('acme/asked')).body).toMatchObject([{}, { asked: 4, last_asked_by: 'owner' }]);
  });

  it('all of it page by page, the last removed first', async () => {
    await publish('acme/pages');
    const tags = Array.from({ length: 7 }, (_, i) => `t${i}`);
    for (const tag of tags) await owner.v2.push('acme/pages', tag);
    for (const tag of tags) expect((await remove('acme/pages', tag)).status).toBe(202);
    const found: string[] = [];
    let pages = 0;
    for (let query: string | undefined = '?per_page=3'; query !== undefined; pages++) {
      const { body, headers } = await list('acme/pages', query);
      found.push(...(body as Array<{ reference: string }>).map(({ reference }) => reference));
      query = /<[^>]*(\?[^>]*)>; rel="next"/.exec(headers.get('link') ?? '')?.[1];
    }
    expect([pages, found]).toEqual([3, tags.reverse()]);
    expect((await list('acme/pages', '?after=x&per_page=none')).body).toHaveLength(7);
  });

  it('a thousand of a package, for 90 days', async () => {
    await publish('acme/many');
    await berth.sql(
      `
      INSERT INTO tombstones (package_id, reference, digest, removed_by)
      SELECT p.package_id, 'old-' || i, $1, 'user:1' FROM generate_series(1, 1000) i, package_names p
      WHERE p.full_name = 'acme/many' ORDER BY i`,
      [sha256(E)],
    );
    await remove('acme/many', '1');
    const [row] = await berth.sql<{ n: number; first: boolean; last: boolean }>(`
      SELECT count(*)::int AS n, bool_or(reference = 'old-1') AS first, bool_or(reference = '1') AS last
      FROM tombstones JOIN package_names USING (package_id) WHERE full_name = 'acme/many'`);
    expect(row).toEqual({ n: 1000, first: false, last: true });
  });
});
