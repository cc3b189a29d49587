import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { EmbeddedPostgres } from './embedded-postgres.js';
import { endLeftovers } from './postgres-leftovers.js';

const root = process.geteuid?.() === 0;
let parent: string;
let directory: string;
const supervisors: ChildProcess[] = [];
const started: EmbeddedPostgres[] = [];

beforeEach(() => {
  // mkdtemp's mode is 0700: as root, the programs' user may not enter.
  parent = mkdtempSync(join(tmpdir(), 'berth-pg-'));
  directory = join(parent, 'data');
});

afterEach(async () => {
  for (const supervisor of supervisors.splice(0)) supervisor.kill('SIGKILL');
  await Promise.all(started.splice(0).map((postgres) => postgres.stop()));
  const cluster = join(directory, 'postgres');
  if (existsSync(cluster)) await endLeftovers(cluster, () => {});
  rmSync(parent, { recursive: true, force: true });
});

function embedded(where = directory, options = {}): EmbeddedPostgres {
  const postgres = new EmbeddedPostgres(where, options);
  started.push(postgres);
  return postgres;
}

async function query(url: string, sql: string): Promise<Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query(sql)).rows;
  } finally {
    await client.end();
  }
}

/** A process that does as Berth does, to be killed. Prints the URL when the database is there. */
async function supervise(env: NodeJS.ProcessEnv = {}, prefix: string[] = []) {
  const child = startSupervisor(env, prefix);
  let errors = '';
  child.stderr?.on('data', (chunk) => (errors += chunk));
  const [line] = await Promise.race([
    once(child.stdout as NodeJS.EventEmitter, 'data'),
    once(child, 'exit').then(() => Promise.reject(new Error(errors))),
  ]);
  return { child, url: String(line).trim() };
}

function startSupervisor(env: NodeJS.ProcessEnv = {}, prefix: string[] = []): ChildProcess {
  const script = `
    const { EmbeddedPostgres } = await import(process.argv[1]);
    const postgres = new EmbeddedPostgres(process.argv[2]);
    process.once('SIGTERM', () => postgres.stop());
    console.log(await postgres.start());
  `;
  // Does what the build does to the syntax that Node alone does not take: parameter properties, .js for .ts.
  const node = [process.execPath, '--experimental-transform-types', '--no-warnings', '--import', JS_IS_TS];
  const module = new URL('./embedded-postgres.ts', import.meta.url).href;
  const [command = '', ...args] = [...prefix, ...node, '--input-type=module', '-e', script, module, directory];
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, ...env } });
  supervisors.push(child);
  return child;
}

const JS_IS_TS = `data:text/javascript,${encodeURIComponent(`
  import { registerHooks } from 'node:module';
  registerHooks({
    resolve: (specifier, context, next) =>
      next(/^\\.\\.?\\/.*\\.js$/.test(specifier) && context.parentURL.endsWith('.ts')
        ? specifier.replace(/js$/, 'ts') : specifier, context),
  });
`)}`;

const postmaster = () => Number.parseInt(readFileSync(join(directory, 'postgres', 'postmaster.pid'), 'utf8'), 10);

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    // In a container without an init an orphan stays a zombie.
    return execFileSync('ps', ['-o', 'stat=', '-p', String(pid)], { encoding: 'utf8' })[0] !== 'Z';
  } catch {
    return false;
  }
}

test('makes a database of UTF-8 text with fsync on and no network address, and keeps data over a restart', async () => {
  const first = embedded();
  const url = await first.start();
  expect(await query(url, 'SELECT current_database() AS name')).toEqual([{ name: 'berth' }]);
  expect(await query(url, 'SHOW server_encoding')).toEqual([{ server_encoding: 'UTF8' }]);
  expect(await query(url, 'SHOW fsync')).toEqual([{ fsync: 'on' }]);
  expect(await query(url, 'SHOW listen_addresses')).toEqual([{ listen_addresses: '' }]);
  expect(statSync(join(directory, 'postgres')).mode & 0o777).toBe(0o700);
  await query(url, 'CREATE TABLE kept AS SELECT 42 AS answer');
  const pid = postmaster();
  await first.stop();
  await first.stop();
  expect(isRunning(pid)).toBe(false);

  expect(await query(await embedded().start(), 'SELECT answer FROM kept')).toEqual([{ answer: 42 }]);
});

test('a killed Berth leaves its PostgreSQL running: the next start ends it and keeps what was committed', async () => {
  const { child, url } = await supervise();
  await query(url, 'CREATE TABLE kept AS SELECT 42 AS answer');
  const orphan = postmaster();
  child.kill('SIGKILL');
  await once(child, 'exit');
  expect(isRunning(orphan)).toBe(true);

  const notes: string[] = [];
  const again = await embedded(directory, { log: (line: string) => notes.push(line) }).start();
  expect(isRunning(orphan)).toBe(false);
  expect(notes).toEqual(['ending the PostgreSQL that an earlier Berth left running']);
  expect(await query(again, 'SELECT answer FROM kept')).toEqual([{ answer: 42 }]);
});

test('a killed PostgreSQL is reported, with its log, and recovers at the next start', async () => {
  const { promise, resolve } = Promise.withResolvers<string>();
  const url = await embedded(directory, { onExit: resolve }).start();
  await query(url, 'CREATE TABLE kept AS SELECT 42 AS answer');
  process.kill(postmaster(), 'SIGKILL');
  expect(await promise).toMatch(/ended \(SIGKILL\); its log is .*ready to accept connections/s);

  expect(await query(await embedded().start(), 'SELECT answer FROM kept')).toEqual([{ answer: 42 }]);
});

test('SIGTERM to the one that started it ends it', async () => {
  const { child } = await supervise();
  const pid = postmaster();
  child.kill('SIGTERM');
  expect(await once(child, 'exit')).toEqual([0, null]);
  expect(isRunning(pid)).toBe(false);
});

test('pid files that name a living stranger do no harm, nor to the stranger', async () => {
  const first = embedded();
  await first.start();
  await first.stop();
  const stranger = spawn('sleep', ['60']);
  supervisors.push(stranger);
  for (const file of ['postmaster.pid', '.s.PGSQL.5432.lock']) {
    writeFileSync(
      join(directory, 'postgres', file),
      `${stranger.pid}\n${directory}/postgres\n1\n5432\n.\n\n1 2\nready\n`,
    );
  }
  await embedded().start();
  expect(isRunning(stranger.pid ?? 0)).toBe(true);
});

test('an initialisation that was killed is begun anew', async () => {
  for (const wait of [150, 500, 900]) {
    const child = startSupervisor();
    for (;;) {
      if (existsSync(directory) && readdirSync(directory).some((name) => name.startsWith('postgres.init-'))) break;
      await delay(5);
    }
    await delay(wait);
    child.kill('SIGKILL');
    await once(child, 'exit');
  }
  const url = await embedded().start();
  expect(await query(url, 'SELECT current_database() AS name')).toEqual([{ name: 'berth' }]);
  expect(readdirSync(directory).sort()).toEqual(['postgres', 'postgres.log']);
});

test('a path too long for a socket: a port of 127.0.0.1 and a password', async () => {
  directory = join(parent, 'a'.repeat(60), 'b'.repeat(60));
  mkdirSync(directory, { recursive: true });
  const url = await embedded().start();
  expect(new URL(url).hostname).toBe('127.0.0.1');
  expect(await query(url, 'SHOW listen_addresses')).toEqual([{ listen_addresses: '127.0.0.1' }]);
  expect(statSync(join(directory, 'postgres-password')).mode & 0o777).toBe(0o600);
  const wrong = new URL(url);
  wrong.password = 'wrong';
  await expect(query(wrong.href, 'SELECT 1')).rejects.toThrow(/password authentication failed/);
});

test('settings for another PostgreSQL in the environment are not taken', async () => {
  const { url } = await supervise({ PGPORT: '1', PGDATA: '/nonexistent', PGHOST: 'nowhere' });
  expect(await query(url, 'SHOW port')).toEqual([{ port: '5432' }]);
});

test('a cluster that cannot start says why', async () => {
  const first = embedded();
  await first.start();
  await first.stop();
  writeFileSync(join(directory, 'postgres', 'PG_VERSION'), '9\n');
  await expect(embedded().start()).rejects.toThrow(/database files are incompatible with server/);
});

describe('as root', () => {
  beforeEach(({ skip }) => skip(!root, 'needs to run as root'));

  test("works in root's home", async () => {
    rmSync(parent, { recursive: true });
    parent = mkdtempSync('/root/berth-pg-');
    directory = join(parent, 'data');
    expect(await query(await embedded().start(), 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
    expect(statSync(join(directory, 'postgres')).uid).toBe(0);
  });

  test('works without user namespaces, and moves between the two ways', async () => {
    // No unshare to be found stands for a kernel that refuses it.
    const without = { PATH: '/nonexistent' };
    const first = await supervise(without);
    await query(first.url, 'CREATE TABLE kept AS SELECT 42 AS answer');
    const account = statSync(join(directory, 'postgres')).uid;
    expect(account).not.toBe(0);
    expect(statSync(`/proc/${postmaster()}`).uid).toBe(account);
    first.child.kill('SIGTERM');
    await once(first.child, 'exit');

    const postgres = embedded();
    expect(await query(await postgres.start(), 'SELECT answer FROM kept')).toEqual([{ answer: 42 }]);
    expect(statSync(join(directory, 'postgres', 'global')).uid).toBe(0);
    await postgres.stop();

    const again = await supervise(without);
    expect(await query(again.url, 'SELECT answer FROM kept')).toEqual([{ answer: 42 }]);
    again.child.kill('SIGKILL');
    await once(again.child, 'exit');
    expect(await query(await embedded().start(), 'SELECT answer FROM kept')).toEqual([{ answer: 42 }]);
  });

  test('works for a user id without an account', async () => {
    const { url } = await supervise({}, ['unshare', '--user', '--map-user=12345', '--map-group=12345', '--']);
    expect(await query(url, 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
  });
});
