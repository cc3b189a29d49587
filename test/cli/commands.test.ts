// Every command against a Berth: what it answers in words, and in JSON.
import { describe, expect, it } from 'vitest';
import { Client, createToken, operator, randomBlob, sha256 } from '../support/client.js';
import { stageOperator } from './stage.js';

const { berth, cli, accounts } = await stageOperator();

describe('accounts', () => {
  it('are made, listed, suspended', async () => {
    expect(await cli.json('users', 'create', 'ada')).toEqual({ login: 'ada' });
    const taken = await cli.run(['users', 'create', 'ada']);
    expect([taken.code, taken.stderr]).toEqual([1, expect.stringContaining('Name taken')]);
    expect(await cli.json('orgs', 'create', 'engine')).toEqual({ login: 'engine' });
    expect(await cli.json('orgs', 'add', 'engine', 'ada', '--role', 'owner')).toEqual({ login: 'ada', role: 'owner' });
    expect(await cli.text('orgs', 'members', 'engine')).toBe('LOGIN  ROLE\nada    owner\n');
    expect(await cli.json('orgs', 'members', 'engine')).toEqual({
      members: [{ login: 'ada', role: 'owner' }],
      next: null,
    });
    expect((await cli.run(['orgs', 'remove', 'engine', 'ada'])).stderr).toContain('Last owner');
    expect((await cli.json('orgs', 'list')).orgs).toContainEqual(
      expect.objectContaining({ login: 'engine', owners: 1 }),
    );
    expect(await cli.text('orgs', 'list')).toMatch(/^NAME +OWNERS +MEMBERS +SIGN-ON +SINCE\n/);
    await cli.text('orgs', 'add', 'engine', 'pusher');
    expect(await cli.json('orgs', 'remove', 'engine', 'pusher')).toEqual({ login: 'pusher', removed: true });

    expect(await cli.json('users', 'disable', 'ada')).toEqual({ login: 'ada', disabled: true });
    expect(await cli.text('users', 'show', 'ada')).toMatch(/state: +suspended/);
    expect(await cli.text('users', 'list')).toMatch(/ada +suspended +0 +engine/);
    await cli.text('users', 'enable', 'ada');
    expect(await cli.json('users', 'show', 'ada')).toMatchObject({ login: 'ada', disabled: false, tokens: 0 });
    await cli.text('users', 'link', 'ada', '--issuer', 'https://idp.example', '--subject', 'a-1');
    const missing = await cli.run(['users', 'show', 'nobody']);
    expect([missing.code, missing.stdout]).toEqual([6, '']);
  });

  it('are listed page by page', async () => {
    const first = await cli.json('users', 'list', '--limit', '2');
    expect(first.users).toHaveLength(2);
    const rest = await cli.json('users', 'list', '--after', first.next);
    const all = await cli.json('users', 'list');
    expect([...first.users, ...rest.users]).toEqual(all.users);
    expect(all.next).toBeNull();
  });
});

describe('tokens', () => {
  it('are alone on stdout, for a pipe', async () => {
    const scopes = ['--scope', 'read:packages', '--scope', 'write:packages'];
    const made = await cli.run([
      'tokens',
      'create',
      'pusher',
      '--name',
      'ci',
      '--expires-in-days',
      '3',
      ...scopes,
      '--no-count-pulls',
    ]);
    expect(made.stdout).toMatch(/^berth_pat_[0-9A-Za-z]{38}\n$/);
    expect(made.stderr).toMatch(/^Token \d+, shown this once\. It ends: \d{4}-/);
    const client = new Client(berth, 'pusher', made.stdout.trim());
    await client.push('acme/app', '1');

    const id = /\d+/.exec(made.stderr)?.[0] ?? '';
    const listed = await cli.text('tokens', 'list', 'pusher');
    expect(listed).toMatch(new RegExp(`^${id} +ci +read:packages,write:packages +everywhere`, 'm'));
    expect(listed).not.toContain(made.stdout.trim());
    const confined = await cli.json('tokens', 'confine', 'pusher', id, '--org', 'acme', '--package', 'acme/app');
    expect(confined).toMatchObject({ organization: 'acme', packages: ['acme/app'] });
    expect(await cli.text('tokens', 'list', 'pusher')).toContain('acme, acme/app');
    await cli.text('tokens', 'confine', 'pusher', id, '--nothing');
    const rotated = await cli.json('tokens', 'rotate', 'pusher', id);
    expect(rotated).toMatchObject({ name: 'ci', organization: null, token: expect.stringMatching(/^berth_pat_/) });
    expect((await cli.run(['tokens', 'revoke', 'pusher', id])).code).toBe(6);
    expect(await cli.json('tokens', 'revoke', 'pusher', String(rotated.id))).toEqual({ id: rotated.id, revoked: true });
  });

  it('with names that would move a cursor do not', async () => {
    await operator(berth, 'POST', '/users/pusher/tokens', { name: '\u001b[2Jgone', scopes: ['read:packages'] });
    const listed = await cli.text('tokens', 'list', 'pusher');
    expect(listed).toContain('\uFFFD[2Jgone');
    expect(listed).not.toContain('\u001b');
  });
});

describe('collection', () => {
  it('is followed to its end: what went is shown, and the log says why', async () => {
    await accounts.pusher.up('acme/gc', randomBlob(5000));
    const dry = await cli.json('gc', 'start', '--grace', '0s', '--dry-run', '--wait');
    expect(dry).toMatchObject({ state: 'done', dry_run: true, counts: { links: { count: 1 } } });
    const run = await cli.run(['gc', 'start', '--grace', '0s', '--wait']);
    // No bar where nobody watches, but lines.
    expect([run.code, run.stderr]).toEqual([0, expect.stringMatching(/^(?:run \d+: .+\n)+$/)]);
    expect(run.stdout).toMatch(/state: +done\n/);
    expect(run.stdout).toMatch(/blobs: +1, 4\.9 KiB\n/);
    const id = /^run: +(\d+)$/m.exec(run.stdout)?.[1] ?? '';
    const { state, step, steps } = await cli.json('gc', 'run', id, '--wait');
    expect([state, step]).toEqual(['done', steps]);
    expect(await cli.text('gc', 'history')).toMatch(new RegExp(`^${id} +done +\\d+[sm] ago +admin +2 `, 'm'));
    const { log } = await cli.json('gc', 'log', id);
    expect(log).toMatchObject([{ kind: 'blobs', bytes: 5000 }]);
    expect(await cli.text('gc', 'log')).toMatch(/^AT +WHAT +PACKAGE +DIGEST +BYTES +WHY\n/);
  });

  it('is switched off, paced, paused, resumed', async () => {
    expect(await cli.json('gc', 'off')).toEqual({ mode: 'off', pace: null });
    expect(await cli.json('gc', 'pace', '500')).toEqual({ mode: 'off', pace: 500 });
    expect(await cli.json('gc', 'pace', 'none')).toEqual({ mode: 'off', pace: null });
    expect(await cli.json('gc', 'pause')).toEqual({ mode: 'paused', pace: null });
    expect(await cli.text('gc', 'status')).toBe('collection: paused\npace:       no limit\n');
    const { id } = await cli.json('gc', 'start');
    expect(await cli.text('gc', 'run', String(id))).toMatch(/state: +queued/);
    const waiting = cli.run(['gc', 'run', String(id), '--wait']);
    expect(await cli.json('gc', 'resume')).toEqual({ mode: 'on', pace: null });
    expect(await waiting).toMatchObject({ code: 0, stdout: expect.stringMatching(/state: +done/) });
  });

  it('that fails ends with 1, and says why', async () => {
    const [run] = await berth.sql<{ id: number }>(
      `INSERT INTO gc_runs (state, requested_by, finished_at, error) VALUES ('failed', 'admin', now(), 'no disk')
       RETURNING id`,
    );
    const answer = await cli.run(['gc', 'run', String(run?.id), '--wait']);
    expect([answer.code, answer.stdout]).toEqual([1, expect.stringMatching(/state: +failed/)]);
    expect(answer.stderr).toContain('no disk');
    expect((await cli.run(['gc', 'run', '999999'])).code).toBe(6);
    expect((await cli.run(['gc', 'start', '--grace', 'soon'])).stderr).toContain('grace');
  });
});

describe('the rest', () => {
  it('shows what is stored', async () => {
    expect(await cli.json('storage', 'show')).toMatchObject({ stored: { count: expect.any(Number) } });
    expect(await cli.text('storage', 'show')).toMatch(/^WHAT +BLOBS +BYTES\nas packages see it/);
  });

  it('lists what was done, page by page', async () => {
    await cli.text('users', 'create', 'grace');
    const made = await cli.json('audit', 'list', '--action', 'user.create', '--target', 'grace');
    expect(made).toMatchObject({ entries: [{ actor: 'admin', action: 'user.create', target: 'grace' }], next: null });
    const first = await cli.json('audit', 'list', '--limit', '2');
    const rest = await cli.json('audit', 'list', '--after', first.next, '--limit', '1');
    const all = await cli.json('audit', 'list', '--limit', '3');
    expect([...first.entries, ...rest.entries]).toEqual(all.entries);
    expect(await cli.text('audit', 'list', '--actor', 'admin', '--since', '2020-01-01')).toMatch(
      /^AT +BY +ACTION +ON +RESULT +FROM +MORE\n[\s\S]* user\.create +grace +done /,
    );
    expect(await cli.text('audit', 'list', '--until', '2020-01-01')).toBe('Nothing was done that fits.\n');
    expect((await cli.run(['audit', 'list', '--since', 'never'])).code).toBe(2);
  });

  it('says why somebody is refused, and who was', async () => {
    await accounts.pusher.push('acme/shut', '1');
    await cli.text('users', 'create', 'mallory');
    expect(await cli.text('packages', 'explain', 'acme/shut', 'mallory', 'push')).toMatch(
      /^who: +mallory\nmay: +not push acme\/shut\nrule: +no right\nremedy: +.*grant write/,
    );
    expect(await cli.json('packages', 'explain', 'acme/shut', 'pusher', 'pull')).toMatchObject({
      allowed: true,
      remedy: null,
    });
    expect(await cli.text('packages', 'refusals', 'acme/shut')).toBe('Nobody was refused.\n');
    expect((await accounts.anonymous.v2('/v2/acme/shut/manifests/1')).status).toBe(401);
    const { token } = await createToken(berth, 'mallory', ['read:packages']);
    expect((await new Client(berth, 'mallory', token).v2('/v2/acme/shut/manifests/1')).ok).toBe(false);
    const of = async () => (await cli.json('packages', 'refusals', 'acme/shut')).refusals;
    await expect
      .poll(of, { timeout: 60_000, interval: 2000 })
      .toContainEqual(expect.objectContaining({ identity: 'mallory', action: 'pull', rule: 'no right' }));
    expect(await cli.text('packages', 'refusals', 'acme/shut')).toMatch(/ mallory +pull +no right +user mallory was/);
    expect((await cli.run(['packages', 'refusals', 'acme/none'])).code).toBe(6);
  });

  it('lists what was removed from a package, and who still asks', async () => {
    await accounts.pusher.push('acme/gone', '1');
    expect(await cli.text('packages', 'tombstones', 'acme/gone')).toBe('Nothing was removed.\n');
    expect((await accounts.pusher.v2('/v2/acme/gone/manifests/1', { method: 'DELETE' })).status).toBe(202);
    expect((await accounts.pusher.v2('/v2/acme/gone/manifests/1')).status).toBe(404);
    const of = async () => (await cli.json('packages', 'tombstones', 'acme/gone')).tombstones;
    await expect
      .poll(of, { timeout: 60_000, interval: 2000 })
      .toMatchObject([
        { reference: '1', kind: 'tag', removed_by: 'pusher', rule: null, asked: 1, last_asked_by: 'pusher' },
      ]);
    expect(await cli.text('packages', 'tombstones', 'acme/gone')).toMatch(
      /^REMOVED +WHAT +BY .*\n.* UTC +1 +pusher +.* 1, \d+s ago +pusher\n$/,
    );
    expect((await cli.run(['packages', 'tombstones', 'acme/none'])).code).toBe(6);
  });

  it('trusts workflows, and no longer', async () => {
    expect(await cli.text('trust', 'list', 'acme')).toBe('No workflow is trusted.\n');
    const said = ['--name', 'ci', '--issuer', 'https://token.example', '--audience', 'berth'];
    const add = ['trust', 'add', 'acme', ...said, '--condition', 'sub=repo:acme/app:*', '--condition', 'ref=main'];
    const made = await cli.json(...add, '--source', 'https://github.com/{repository}', '--no-count-pulls');
    expect(made).toMatchObject({
      conditions: { sub: 'repo:acme/app:*', ref: 'main' },
      source: 'https://github.com/{repository}',
      counts_pulls: false,
    });
    expect(await cli.json('trust', 'list', 'acme')).toEqual({ trust_policies: [made], next: null });
    expect(await cli.text('trust', 'list', 'acme')).toMatch(/^ID +NAME[\s\S]* ci .* ref=main sub=repo:acme\/app:\* /);
    expect((await cli.run(['trust', 'add', 'acme', ...said, '--source', 'x'])).code).toBe(2);
    expect(await cli.json('trust', 'remove', 'acme', String(made.id))).toEqual({ id: made.id, removed: true });
    const again = await cli.run(['trust', 'remove', 'acme', String(made.id)]);
    expect([again.code, again.stderr]).toEqual([6, expect.stringContaining('berth trust list')]);
  });

  it('changes who sees a package', async () => {
    await accounts.pusher.push('acme/team/app', '1');
    expect(await cli.json('packages', 'visibility', 'acme/team/app', 'public')).toEqual({
      name: 'acme/team/app',
      visibility: 'public',
    });
    expect((await accounts.anonymous.v2('/v2/acme/team/app/manifests/1')).status).toBe(200);
    expect((await cli.run(['packages', 'visibility', 'acme', 'public'])).code).toBe(2);
    expect((await cli.run(['packages', 'visibility', 'acme/app', 'open'])).code).toBe(2);
  });

  it('lists and rotates keys', async () => {
    await accounts.pusher.v2('/v2/acme/app/tags/list'); // signed by a first key
    const waiting = cli.json('keys', 'rotate', '--wait');
    const states = async () =>
      (await operator(berth, 'GET', '/keys')).body.keys as Array<{ kid: string; state: string }>;
    await expect.poll(async () => (await states())[0]?.state).toBe('next');
    await berth.sql('UPDATE signing_keys SET signs_from = now() WHERE signs_from > now()'); // not to wait a minute
    const rotated = await waiting;
    expect(rotated.state).toBe('signing');
    expect(
      (await cli.json('keys', 'list')).keys.map(({ kid, state }: { kid: string; state: string }) => [kid, state]),
    ).toEqual((await states()).map(({ kid, state }) => [kid, state]));
    expect(await cli.text('keys', 'list')).toMatch(
      /^KEY +STATE +AGE +SIGNS SINCE +RETIRES\n.+ signing .+\n.+ retiring /,
    );
    expect(await cli.text('keys', 'rotate')).toMatch(/^Key \S+ signs in \d+[sm]\.\n$/);
    const again = await cli.run(['keys', 'rotate']);
    expect([again.code, again.stderr]).toEqual([1, expect.stringContaining('about to sign')]);
  });

  it('switches read-only mode', async () => {
    const on = await cli.json('maintenance', 'on', '--message', 'until noon');
    expect(on).toMatchObject({ read_only: true, message: 'until noon', changed_by: 'admin' });
    const refused = await accounts.pusher.v2('/v2/acme/app/blobs/uploads/', { method: 'POST' });
    expect(refused.status).toBe(405);
    expect(await cli.text('maintenance', 'status')).toMatch(
      /read-only: +on\nmessage: +until noon\nchanged: .* by admin\n/,
    );
    expect(await cli.json('maintenance', 'off')).toMatchObject({ read_only: false, message: null });
  });

  it('keeps the administrator’s token out of everything', async () => {
    for (const args of [['users', 'list'], ['tokens', 'list', 'admin'], ['keys', 'list'], ['version']]) {
      for (const more of [[], ['--json']]) {
        const { stdout, stderr } = await cli.run([...args, ...more]);
        expect(stdout + stderr).not.toContain(berth.adminToken);
        expect(stdout + stderr).not.toContain(sha256(Buffer.from(berth.adminToken)).slice(7));
      }
    }
  });
});
