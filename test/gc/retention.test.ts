// Retention policies, from outside: set through REST, applied by a worker.
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { startBerth, type TestBerth } from '../support/berth.js';
import {
  type Accounts,
  collectGarbage,
  createAccounts,
  createToken,
  type Document,
  E,
  encode,
  image,
  index,
  operator,
  randomBlob,
  sha256,
} from '../support/client.js';
import { rest } from '../support/rest.js';

let berth: TestBerth;
let accounts: Accounts;
let owner: string;
let name: string;
let count = 0;

beforeAll(async () => {
  berth = await startBerth({ BERTH_UNTAGGED_AFTER: 'never' });
  accounts = await createAccounts(berth);
  const scopes = ['read:packages', 'write:packages', 'delete:packages', 'admin:org'];
  owner = (await createToken(berth, 'pusher', scopes)).token;
});

afterAll(async () => {
  expect(berth.log()).not.toContain('request failed');
  await berth.stop();
});

beforeEach(() => {
  name = `acme/app${++count}`;
});

const call = (method: string, path: string, body?: unknown, token = owner) =>
  rest(berth, token, `/orgs/acme/packages/container/${name.slice(5)}${path}`, { method, body });
const ofNamespace = (method: string, body?: unknown, token = owner) =>
  rest(berth, token, '/orgs/acme/retention', { method, body });

/** Pushes an image of its own under these tags, all at one moment. */
async function push(...tags: string[]): Promise<Document> {
  const layer = randomBlob();
  for (const blob of [E, layer]) await accounts.pusher.up(name, blob);
  const document = image([layer]);
  const query = `?${tags.map((tag) => `tag=${tag}`).join('&')}`;
  expect((await accounts.pusher.put(name, sha256(encode(document)) + query, document)).status).toBe(201);
  return document;
}

const tags = async (): Promise<string[]> => {
  const answer = await accounts.pusher.v2(`/v2/${name}/tags/list`);
  return ((await answer.json()) as { tags: string[] | null }).tags ?? [];
};
const has = async (document: Document) =>
  (await accounts.pusher.v2(`/v2/${name}/manifests/${sha256(encode(document))}`)).status === 200;
/** Days pass for a package's tags. */
const age = (days: number, tag = '%') =>
  berth.sql(
    `UPDATE tags SET pushed_at = pushed_at - make_interval(days => $1) WHERE name LIKE $2
     AND package_id = (SELECT package_id FROM package_names WHERE full_name = $3)`,
    [days, tag, name],
  );

interface Judged {
  name: string;
  decision: string;
  reasons: string[];
}

const judged = async (path: string, body?: unknown): Promise<Record<string, string>> => {
  const answer = await call(body ? 'POST' : 'GET', path, body);
  expect(answer.status, JSON.stringify(answer.body)).toBe(200);
  return Object.fromEntries(answer.body.tags.map(({ name: tag, decision }: Judged) => [tag, decision]));
};

describe('newest', () => {
  it('keep newest 2 of five within one second, as C40 has it: by push time, ties by id', async () => {
    for (const tag of ['t1', 't2', 't3', 't4', 't5']) await push(tag);
    // All at one moment; what the image or the clock of the client say makes no difference.
    await berth.sql(
      `UPDATE tags SET pushed_at = now() WHERE package_id = (SELECT package_id FROM package_names WHERE full_name = $1)`,
      [name],
    );
    const policy = { tags: null, keep: [{ newest: 2 }] };
    const asked = await call('POST', '/retention/preview', policy);
    expect(asked.body).toMatchObject({
      from: 'asked',
      policy,
      tags: [
        { name: 't5', decision: 'keep', reasons: ['rule 1 keeps the newest 2'], kept_until: null },
        { name: 't4', decision: 'keep' },
        { name: 't3', decision: 'remove', reasons: ['no rule keeps it'] },
        { name: 't2', decision: 'remove' },
        { name: 't1', decision: 'remove' },
      ],
      next: null,
    });
    for (const { pushed_at } of asked.body.tags) expect(pushed_at).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
    expect(await tags(), 'a preview changes nothing').toHaveLength(5);
    expect((await call('PUT', '/retention', policy)).body).toEqual({ from: 'package', policy });

    const dry = await collectGarbage(berth, { dry_run: true });
    expect(dry.counts.retention?.count).toBe(3);
    expect(await tags(), 'a dry run changes nothing').toHaveLength(5);

    const run = await collectGarbage(berth, {});
    expect(run.counts.retention?.count).toBe(3);
    expect(run.counts.retention?.bytes).toBeGreaterThan(3 * 1024);
    expect(await tags()).toEqual(['t4', 't5']);
    const { body } = await operator(berth, 'GET', `/gc/runs/${run.id}/log`);
    const reasons = (body.log as Array<{ kind: string; reason: string }>)
      .filter(({ kind }) => kind === 'retention')
      .map(({ reason }) => reason);
    expect(reasons.sort()[0]).toBe(
      "no rule of the package's retention policy keeps the tag t1; nothing else holds its version",
    );
    expect(reasons).toHaveLength(3);
    expect((await call('GET', '/tags/t1/history')).body[0]).toMatchObject({ to: null, actor: 'rule:retention' });
    const events = await berth.sql(
      `SELECT kind, actor, data->>'tag' AS tag FROM events WHERE actor = 'rule:retention' AND kind = 'tag.delete'`,
    );
    expect(events).toHaveLength(3);
  });

  it('counts versions, not tags, and pages through what it says', async () => {
    await push('1.0');
    await push('1.1', '1.1.0');
    await push('1.2', '1.2.0', 'latest');
    await call('PUT', '/retention', { keep: [{ newest: 2 }] });
    const seen: string[] = [];
    for (let after = ''; ; ) {
      const { body } = await call('GET', `/retention/preview?per_page=2&after=${after}`);
      expect(body.tags.length).toBeLessThanOrEqual(2);
      seen.push(...body.tags.map(({ name: tag, decision }: Judged) => `${tag} ${decision}`));
      if (body.next === null) break;
      after = encodeURIComponent(body.next);
    }
    expect(seen.sort()).toEqual(
      ['1.0 remove', '1.1 keep', '1.1.0 keep', '1.2 keep', '1.2.0 keep', 'latest keep'].sort(),
    );
    expect(await judged('/retention/preview?only=removed')).toEqual({ '1.0': 'remove' });
    expect(Object.keys(await judged('/retention/preview?only=kept&per_page=1'))).toHaveLength(1);
    for (const nonsense of [
      'after=x',
      'after=0.0.a&per_page=0',
      'per_page=-1',
      'only=all',
      'after=9999999999999999.1.a',
    ]) {
      expect((await call('GET', `/retention/preview?${nonsense}`)).status).toBe(200);
    }
  });
});

it('brings tags back with a version that is restored', async () => {
  const document = await push('gone', 'gone-too');
  await push('kept');
  await call('PUT', '/retention', { tags: 'gone.*', keep: [{ pushed_within: '1d' }] });
  await collectGarbage(berth, {});
  expect(await tags()).toEqual(['gone', 'gone-too', 'kept']);
  await age(2);
  await berth.sql('UPDATE retention_looks SET due_at = now()'); // when a day has passed by itself
  await collectGarbage(berth, {});
  expect(await tags()).toEqual(['kept']);
  expect(await has(document)).toBe(false);
  const [deleted] = (await call('GET', '/versions?state=deleted')).body;
  expect(deleted.name).toBe(sha256(encode(document)));
  expect((await call('POST', `/versions/${deleted.id}/restore`)).status).toBe(204);
  expect(await tags()).toEqual(['gone', 'gone-too', 'kept']);
  await collectGarbage(berth, {});
  expect(await tags(), 'restoring is pushing').toEqual(['gone', 'gone-too', 'kept']);
});

it('keeps by pattern, age and pull', async () => {
  for (const tag of ['v1', 'v1-rc', 'pr-1', 'pulled', 'pulled-long-ago']) await push(tag);
  await age(40);
  await push('new');
  const pulled = (days: number, tag: string) =>
    berth.sql(
      `INSERT INTO manifest_downloads SELECT manifest_id, 1, now() - make_interval(hours => $1) FROM tags
       WHERE name = $2 AND package_id = (SELECT package_id FROM package_names WHERE full_name = $3)`,
      [Math.round(days * 24), tag, name],
    );
  await pulled(30.9, 'pulled');
  await pulled(31.1, 'pulled-long-ago');
  const policy = { keep: [{ tags: 'v[0-9]+' }, { pushed_within: '14d' }, { pulled_within: '30d' }] };
  expect(await judged('/retention/preview', policy)).toEqual({
    v1: 'keep',
    'v1-rc': 'remove',
    'pr-1': 'remove',
    pulled: 'keep',
    'pulled-long-ago': 'remove',
    new: 'keep',
  });
  await call('PUT', '/retention', policy);
  await collectGarbage(berth, {});
  expect(await tags()).toEqual(['new', 'pulled', 'v1']);
});

it('never removes a tag that a rule protects, and says so', async () => {
  for (const tag of ['v1', 'stable', 'other']) await push(tag);
  await call('PUT', '/tag-rules', [
    { pattern: 'v.*', immutable: true },
    { pattern: 'stable', publishers: ['user:pusher'] },
  ]);
  await call('PUT', '/retention', { keep: [{ tags: 'nothing-like-it' }] });
  const { body } = await call('GET', '/retention/preview');
  const reasons = Object.fromEntries(body.tags.map((tag: Judged) => [tag.name, tag.reasons[0]]));
  expect(reasons).toEqual({
    v1: 'the rule for tags v.* protects it: such tags stay where they are',
    stable: 'the rule for tags stable protects it: only user:pusher may set, move or delete such tags',
    other: 'no rule keeps it',
  });
  await collectGarbage(berth, {});
  expect(await tags()).toEqual(['stable', 'v1']);
  await call('PUT', '/tag-rules', [{ pattern: 'v.*', immutable: true }]);
  await collectGarbage(berth, {});
  expect(await tags(), 'what is protected no longer goes').toEqual(['v1']);
});

it("goes by a package's own policy in place of its organisation's", async () => {
  const own = name;
  for (const tag of ['a', 'b']) await push(tag);
  await call('PUT', '/retention', { keep: [{ tags: '.*' }] });
  name = `${own}x`;
  for (const tag of ['a', 'b']) await push(tag);
  expect((await call('GET', '/retention')).status).toBe(404);
  expect((await call('GET', '/retention/preview')).status).toBe(404);
  const policy = { tags: null, keep: [{ newest: 1 }] };
  expect((await ofNamespace('PUT', policy)).body).toEqual({ policy });
  expect((await ofNamespace('GET')).body).toEqual({ policy });
  expect((await call('GET', '/retention')).body).toEqual({ from: 'namespace', policy });
  await collectGarbage(berth, {});
  expect(await tags()).toEqual(['b']);
  name = own;
  expect(await tags(), 'its own keeps all').toEqual(['a', 'b']);
  expect((await call('DELETE', '/retention')).status).toBe(204);
  expect((await call('DELETE', '/retention')).status).toBe(404);
  await collectGarbage(berth, {});
  expect(await tags(), "the organisation's counts again").toEqual(['b']);
  expect((await ofNamespace('DELETE')).status).toBe(204);
  expect((await ofNamespace('GET')).status).toBe(404);
  const audit = await berth.sql<{ action: string }>(
    `SELECT action FROM audit_log WHERE action LIKE '%.retention' AND (target = 'acme' OR target = $1) ORDER BY id`,
    [own],
  );
  expect(audit.map(({ action }) => action)).toEqual([
    'package.retention',
    'namespace.retention',
    'package.retention',
    'namespace.retention',
  ]);
});

it('frees all of an image, though untagged manifests stay: platforms and signatures go with it', async () => {
  const layers = [randomBlob(), randomBlob()];
  for (const blob of [E, ...layers]) await accounts.pusher.up(name, blob);
  const children = layers.map((layer) => image([layer]));
  const both = index(children);
  const signature = image([], { annotations: { signs: 'it' } });
  const alone = image([], { annotations: { is: 'alone' } });
  for (const child of [...children, alone]) {
    expect((await accounts.pusher.put(name, sha256(encode(child)), child)).status).toBe(201);
  }
  const fallback = sha256(encode(both)).replace(':', '-');
  await accounts.pusher.put(name, '1.0', both);
  await accounts.pusher.put(name, `${fallback}.sig`, signature);
  await call('PUT', '/retention', { keep: [{ tags: 'nothing-like-it' }] });
  const { body } = await call('GET', '/retention/preview');
  expect(body.tags.find((tag: Judged) => tag.name === `${fallback}.sig`).reasons).toEqual([
    `it belongs to ${sha256(encode(both))}`,
  ]);
  await collectGarbage(berth, {});
  expect(await tags(), 'it can be restored, and the signature is of it').toEqual([`${fallback}.sig`]);
  expect(await has(both)).toBe(false);
  for (const child of children) expect(await has(child), 'the index can be restored, and needs it').toBe(true);

  await berth.sql('UPDATE manifests SET purge_at = now() WHERE deleted_at IS NOT NULL'); // the restore window passes
  await collectGarbage(berth, {});
  await berth.sql("UPDATE manifests SET review_at = now() WHERE is_leftover AND review_at < now() + interval '1 day'");
  await collectGarbage(berth, {});
  await berth.sql('UPDATE manifests SET purge_at = now() WHERE deleted_at IS NOT NULL'); // the signature's window
  await collectGarbage(berth, { grace: '0s' });
  expect(await tags()).toEqual([]);
  const left = await berth.sql<{ digest: string }>(
    `SELECT digest FROM manifests WHERE package_id = (SELECT package_id FROM package_names WHERE full_name = $1)`,
    [name],
  );
  expect(left, 'what no policy removed stays: untagged manifests do here').toEqual([{ digest: sha256(encode(alone)) }]);
});

describe('who and what', () => {
  it('refuses what is no policy', async () => {
    await push('x');
    for (const body of [
      {},
      { keep: [] },
      { keep: [{}] },
      { keep: [{ newest: 0 }] },
      { keep: [{ newest: 1.5 }] },
      { keep: [{ newest: 1001 }] },
      { keep: [{ newest: 1, pushed_within: '1d' }] },
      { keep: [{ pushed_within: 14 }] },
      { keep: [{ pushed_within: '14' }] },
      { keep: [{ pulled_within: '4000d' }] },
      { keep: [{ tags: '(' }] },
      { keep: [{ tags: '' }] },
      { keep: [{ tags: '(?=a)b' }] },
      { keep: [{ tags: 'a'.repeat(257) }] },
      { tags: '[', keep: [{ newest: 1 }] },
      { keep: [{ newest: 1 }], more: 1 },
      { keep: Array.from({ length: 21 }, () => ({ newest: 1 })) },
      [],
    ]) {
      for (const [method, path] of [
        ['PUT', '/retention'],
        ['POST', '/retention/preview'],
      ] as const) {
        const answer = await call(method, path, body);
        expect(answer.status, JSON.stringify(body)).toBe(400);
        expect(answer.body.message).toContain('The body does not fit');
      }
    }
    expect((await call('GET', '/retention')).status).toBe(404);
    const evil = { tags: '(a+)+b', keep: [{ tags: '(.*a){10}x' }] };
    await push('a'.repeat(128));
    expect((await call('POST', '/retention/preview', evil)).status).toBe(200);
  });

  it('answers operators of every package, and strangers of none', async () => {
    await push('x');
    const policy = { keep: [{ newest: 1 }] };
    const at = `/packages/acme/${name.slice(5)}/retention/preview`;
    expect((await operator(berth, 'GET', at)).status, 'no policy').toBe(404);
    expect((await operator(berth, 'POST', at, policy)).body).toMatchObject({ from: 'asked', tags: [{ name: 'x' }] });
    expect((await operator(berth, 'POST', at, { keep: [] })).status).toBe(400);
    expect((await operator(berth, 'GET', '/packages/acme/none/retention/preview')).status).toBe(404);
    expect((await call('PUT', '/retention', policy)).status).toBe(200);
    expect((await operator(berth, 'GET', at)).body).toMatchObject({ from: 'package', tags: [{ decision: 'keep' }] });
    for (const [method, path] of [
      ['GET', '/retention'],
      ['PUT', '/retention'],
      ['GET', '/retention/preview'],
    ] as const) {
      const answer = await call(method, path, method === 'PUT' ? policy : undefined, accounts.stranger.token);
      expect(answer.status).toBe(404);
    }
    expect((await ofNamespace('GET', undefined, accounts.stranger.token)).status).toBe(403);
  });

  it('demands of a token what deleting demands', async () => {
    await push('x');
    const { token: writer } = await createToken(berth, 'pusher', ['write:packages', 'admin:org']);
    const policy = { keep: [{ newest: 1 }] };
    expect((await call('GET', '/retention', undefined, writer)).status).toBe(404);
    expect((await call('PUT', '/retention', policy, writer)).status).toBe(403);
    expect((await ofNamespace('PUT', policy, writer)).status).toBe(403);
    expect((await ofNamespace('DELETE', undefined, writer)).status).toBe(403);
    expect((await ofNamespace('GET', undefined, writer)).status).toBe(404);
  });
});
