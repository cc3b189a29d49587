// What operators see of storage: use, retention, comparisons, scrubbing, uploads, deletions.
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, expect, it } from 'vitest';
import { randomBlob } from '../support/client.js';
import { stageOperator } from './stage.js';

const { berth, cli, accounts } = await stageOperator();

beforeAll(async () => {
  for (const tag of ['pr-1', 'pr-2', 'v1']) await accounts.pusher.push('acme/app', tag, [randomBlob(3000)]);
});

/** A measurement that knows what was pushed, whatever the schedule says. */
async function measured(): Promise<void> {
  const [before] = await berth.sql<{ id: number }>('SELECT coalesce(max(id), 0)::int AS id FROM storage_measurements');
  await berth.sql("UPDATE storage_measurements SET finished_at = finished_at - interval '1 day'");
  const fresh = 'SELECT 1 FROM storage_measurements WHERE id > $1 AND finished_at IS NOT NULL';
  const isThere = async () => (await berth.sql(fresh, [before?.id])).length > 0;
  await expect.poll(isThere, { timeout: 180_000, interval: 1000 }).toBe(true);
}

it('lists what organisations and packages store', async () => {
  await measured();
  const { namespaces } = await cli.json('storage', 'orgs');
  expect(namespaces).toMatchObject([{ namespace: 'acme', shared_bytes: 0 }]);
  expect(await cli.text('storage', 'orgs')).toMatch(/^NAME +STORED +EXCLUSIVE.*\nacme +8\.8 KiB/);
  const { packages } = await cli.json('storage', 'packages', '--sort', 'pulled', '--order', 'desc');
  expect(packages).toMatchObject([{ package: 'acme/app', logical_bytes: namespaces[0].logical_bytes }]);
  expect(await cli.text('storage', 'packages')).toMatch(/^PACKAGE +BYTES.*\nacme\/app +8\.8 KiB/);
  expect(await cli.text('storage', 'package', 'acme/app')).toMatch(/^package: +acme\/app\nversions: +3\n/);
  expect((await cli.run(['storage', 'package', 'acme/none'])).code).toBe(6);
}, 240_000);

it('previews retention', async () => {
  const none = await cli.run(['retention', 'preview', 'acme/app']);
  expect([none.code, none.stderr]).toEqual([6, expect.stringContaining('No retention policy')]);
  const policy = join(cli.folder, 'policy.json');
  await writeFile(policy, JSON.stringify({ tags: 'pr-.*', keep: [{ newest: 1 }] }));
  const answer = await cli.json('retention', 'preview', 'acme/app', '--policy', policy, '--only', 'removed');
  expect(answer).toMatchObject({ from: 'asked', tags: [{ name: 'pr-1', decision: 'remove' }], next: null });
  expect(await cli.text('retention', 'preview', 'acme/app', '--policy', policy)).toMatch(
    /^TAG +DECISION[\s\S]*^pr-2 +keep /m,
  );
  const ofAll = await cli.json('retention', 'preview', 'acme', '--policy', policy, '--only', 'removed');
  expect(ofAll).toMatchObject({
    from: 'asked',
    tags: [{ package: 'acme/app', name: 'pr-1' }],
    freed: { within: 'instance', exclusive_bytes: answer.freed.exclusive_bytes },
  });
  expect(answer.freed.exclusive_bytes).toBeGreaterThan(3000);
  const told = await cli.run(['retention', 'preview', 'acme', '--policy', policy]);
  expect(told.stdout).toMatch(/^PACKAGE +TAG +DECISION[\s\S]*^acme\/app +pr-2 +keep /m);
  expect(told.stderr).toMatch(/^That frees \d\.\d KiB; 2 B stay, as others use them\.$/m);
  expect((await cli.run(['retention', 'preview', 'none', '--policy', policy])).code).toBe(6);
  await writeFile(policy, '{');
  expect((await cli.run(['retention', 'preview', 'acme/app', '--policy', policy])).code).toBe(2);
});

it('compares store and database, and follows that to its end', async () => {
  const run = await cli.json('reconcile', 'start', '--dry-run', '--wait');
  expect(run).toMatchObject({ state: 'done', dry_run: true, progress: 1, missing_blobs: 0 });
  expect(await cli.text('reconcile', 'run', String(run.id))).toMatch(/state: +done\n/);
  expect(await cli.text('reconcile', 'history')).toMatch(/^RUN +STATE[\s\S]*done \(dry run\)/);
  expect((await cli.json('reconcile', 'findings', String(run.id), '--kind', 'missing')).findings).toEqual([]);
  expect((await cli.run(['reconcile', 'run', '999999'])).code).toBe(6);
}, 120_000);

it('drives scrubbing', async () => {
  expect(await cli.json('scrub', 'off')).toMatchObject({ mode: 'off' });
  expect(await cli.json('scrub', 'pace', '1000000')).toMatchObject({ pace: 1_000_000 });
  expect(await cli.text('scrub', 'status')).toMatch(/^hashing: +off\npace: +977 KiB a second/);
  expect(await cli.json('scrub', 'on')).toMatchObject({ mode: 'on' });
  const { id } = await cli.json('scrub', 'start');
  expect((await cli.json('scrub', 'history')).passes.map((pass: { id: number }) => pass.id)).toContain(id);
  expect(await cli.text('scrub', 'history')).toMatch(/^PASS +BY +BEGAN/);
  expect(await cli.text('scrub', 'damaged')).toBe('No blob is damaged.\n');
  const pass = await cli.run(['scrub', 'start', '--wait']);
  expect([pass.code, pass.stderr]).toEqual([0, expect.stringMatching(/^(?:pass \d+: \d+ blobs, .+\n)+$/)]);
  expect(pass.stdout).toMatch(/^pass: +\d+, ended .*\nhashed: +4, 8\.8 KiB\ndamaged: 0\n/);
});

it('lists and cancels uploads', async () => {
  await accounts.pusher.start('acme/app');
  const { uploads } = await cli.json('uploads', 'list');
  expect(uploads).toMatchObject([{ package: 'acme/app', login: 'pusher' }]);
  expect(await cli.text('uploads', 'list')).toMatch(new RegExp(`^${uploads[0].id} +acme/app +pusher +open`, 'm'));
  expect(await cli.json('uploads', 'cancel', uploads[0].id)).toEqual({ id: uploads[0].id, cancelled: true });
  expect((await cli.run(['uploads', 'cancel', uploads[0].id])).code).toBe(6);
});

it('lists objects that wait to be deleted', async () => {
  await berth.sql(
    "INSERT INTO object_deletions (object_key, not_before, size) VALUES (repeat('a', 40), now() + interval '1 day', 2048)",
  );
  expect(await cli.text('deletions', 'list')).toMatch(/^OBJECT +BYTES[\s\S]*^a{40} +2\.0 KiB .* let go of$/m);
  expect((await cli.json('deletions', 'list')).deletions).toContainEqual(
    expect.objectContaining({ object_key: 'a'.repeat(40), size: 2048, tries: 0 }),
  );
  expect(await cli.json('deletions', 'retry', 'a'.repeat(40))).toEqual({ retried: 0 });
});
