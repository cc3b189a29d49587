/**
 * A PostgreSQL of Berth's own, from the programs that npm installs, with its cluster in `<directory>/postgres`.
 *
 * It listens on a Unix socket inside the cluster's folder, which only its owner may enter, and on no network address.
 * Where that cannot be (the path is too long for a socket address, the file system knows no sockets, Windows), it
 * listens on a free port of 127.0.0.1 and wants the password in `<directory>/postgres-password`.
 */
import type { ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, open, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { BoundedLog } from './bounded-log.js';
import { clusterName, endLeftovers } from './postgres-leftovers.js';
import { PostgresPrograms } from './postgres-programs.js';

const NAME = 'berth';
/** The shortest of the systems' limits (macOS; Linux takes 107). */
const MAX_SOCKET_PATH = 103;
/** A fast shutdown writes out what memory holds; after this long something is wrong. */
const STOP_MS = 60_000;
/** A free port may be taken by somebody else before PostgreSQL gets to it. */
const PORT_ATTEMPTS = 5;
/** Enough for the several Berths that tests run on one server; each takes about forty at most. */
const MAX_CONNECTIONS = 300;

export interface EmbeddedPostgresOptions {
  /** Called when PostgreSQL ends without having been told to. Berth cannot go on then. */
  onExit?: (reason: string) => void;
  /** Takes a line for the operator about what takes long. */
  log?: (line: string) => void;
}

export class EmbeddedPostgres {
  private readonly cluster: string;
  private readonly passwordFile: string;
  private readonly logFile: string;
  private readonly log: (line: string) => void;
  private server: ChildProcess | undefined;
  private serverLog: BoundedLog | undefined;
  private stopping = false;

  /** The caller holds the lock of `directory`: a PostgreSQL that runs there already is taken for a leftover. */
  constructor(
    private readonly directory: string,
    private readonly options: EmbeddedPostgresOptions = {},
  ) {
    this.directory = resolve(directory);
    this.cluster = join(this.directory, 'postgres');
    this.passwordFile = join(this.directory, 'postgres-password');
    this.logFile = join(this.directory, 'postgres.log');
    this.log = options.log ?? (() => {});
  }

  /** Makes the cluster where there is none, and answers the URL of the database `berth` once it takes connections. */
  async start(): Promise<string> {
    try {
      return await this.startOrThrow();
    } catch (error) {
      await this.stop();
      throw error;
    }
  }

  /** Ends PostgreSQL with what was committed on disk. Does nothing where it does not run. */
  async stop(): Promise<void> {
    this.stopping = true;
    const server = this.server;
    if (server && isRunning(server)) {
      const gone = once(server, 'exit');
      for (const signal of ['SIGINT', 'SIGQUIT', 'SIGKILL'] as const) {
        server.kill(signal);
        if (await Promise.race([gone.then(() => true), delay(STOP_MS, false, { ref: false })])) break;
      }
    }
    this.server = undefined;
    this.serverLog?.close();
    this.serverLog = undefined;
  }

  private async startOrThrow(): Promise<string> {
    const programs = await PostgresPrograms.find();
    await mkdir(this.directory, { recursive: true, mode: 0o700 });
    await this.removeUnfinished();
    if (!existsSync(this.cluster)) await this.initialise(programs);
    await endLeftovers(this.cluster, this.log);
    await programs.takeOwnership(this.cluster);
    await this.removeStaleLocks();

    this.stopping = false;
    this.serverLog ??= new BoundedLog(this.logFile);
    if (await this.canUseSocket()) {
      await this.launch(programs, ['-c', 'listen_addresses=', '-c', 'unix_socket_directories=.']);
      return `postgresql://${NAME}@localhost/${NAME}?host=${encodeURIComponent(this.cluster)}`;
    }
    const password = await this.password(programs);
    for (let attempt = 1; ; attempt++) {
      const port = await freePort();
      const address = ['-c', 'listen_addresses=127.0.0.1', '-c', 'unix_socket_directories=', '-p', String(port)];
      try {
        await this.launch(programs, address);
        return `postgresql://${NAME}:${password}@127.0.0.1:${port}/${NAME}`;
      } catch (error) {
        if (attempt === PORT_ATTEMPTS || !(error as Error).message.includes('could not create any TCP/IP')) throw error;
      }
    }
  }

  /** The cluster gets its name when it is whole, so that one left half-made by a crash is never taken for one. */
  private async initialise(programs: PostgresPrograms): Promise<void> {
    this.log('making the database');
    const unfinished = await mkdtemp(`${this.cluster}.init-`);
    await programs.takeOwnership(unfinished);
    await programs.run('initdb', unfinished, [
      `--username=${NAME}`,
      '--encoding=UTF8',
      // Sorts alike on every system and after every upgrade of its libraries.
      '--locale-provider=builtin',
      '--builtin-locale=C.UTF-8',
      '--locale=C',
      '--auth-local=trust',
      '--auth-host=scram-sha-256',
    ]);
    await programs.execute(unfinished, `CREATE DATABASE ${NAME}`);
    await rename(unfinished, this.cluster);
    await syncDirectory(this.directory);
  }

  private async removeUnfinished(): Promise<void> {
    for (const entry of await readdir(this.directory)) {
      if (!entry.startsWith('postgres.init-')) continue;
      const unfinished = join(this.directory, entry);
      await endLeftovers(unfinished, this.log);
      await rm(unfinished, { recursive: true, force: true, maxRetries: 5 });
    }
  }

  /** PostgreSQL believes its pid files as long as any process has that pid. Here nothing runs on the cluster any more. */
  private async removeStaleLocks(): Promise<void> {
    const stale = (await readdir(this.cluster)).filter(
      (name) => name === 'postmaster.pid' || name.startsWith('.s.PGSQL.'),
    );
    await Promise.all(stale.map((name) => rm(join(this.cluster, name), { force: true })));
  }

  private async canUseSocket(): Promise<boolean> {
    const path = join(this.cluster, '.s.PGSQL.5432');
    if (process.platform === 'win32' || Buffer.byteLength(path) > MAX_SOCKET_PATH) return false;
    const probe = createServer().listen(path);
    try {
      await once(probe, 'listening');
      return true;
    } catch {
      return false;
    } finally {
      // Takes the file away as well.
      probe.close();
    }
  }

  /** The password is set before it is written down: a crash between the two only makes the next start set another. */
  private async password(programs: PostgresPrograms): Promise<string> {
    if (existsSync(this.passwordFile)) return (await readFile(this.passwordFile, 'utf8')).trim();
    const password = randomBytes(24).toString('base64url');
    await programs.execute(this.cluster, `ALTER USER ${NAME} PASSWORD '${password}'`);
    await writeFile(`${this.passwordFile}.new`, `${password}\n`, { mode: 0o600 });
    await rename(`${this.passwordFile}.new`, this.passwordFile);
    return password;
  }

  private async launch(programs: PostgresPrograms, address: readonly string[]): Promise<void> {
    const log = this.serverLog as BoundedLog;
    const settings = [
      ...['-c', `cluster_name=${clusterName(this.cluster)}`, '-c', 'unix_socket_permissions=0700'],
      ...['-c', `max_connections=${MAX_CONNECTIONS}`],
    ];
    const server = programs.spawn('postgres', this.cluster, [...settings, ...address], ['ignore', log.fd, log.fd]);
    this.server = server;
    // Should Berth end without a stop, let it at least be told.
    const stopWithBerth = () => server.kill('SIGINT');
    process.once('exit', stopWithBerth);

    let ready = false;
    let failure: string | undefined;
    const fail = (reason: string) => {
      if (failure !== undefined) return;
      failure = reason;
      process.off('exit', stopWithBerth);
      if (ready && !this.stopping) this.options.onExit?.(reason);
    };
    server.once('error', (error) => fail(error.message));
    server.once('exit', (code, signal) =>
      fail(
        `the embedded PostgreSQL ended (${signal ?? `exit code ${code}`}); its log is ${this.logFile}:\n${log.tail()}`,
      ),
    );

    // After a crash PostgreSQL replays its log first. That takes as long as it takes.
    const began = Date.now();
    let nextNote = began + 10_000;
    for (;;) {
      ready = await this.isReady(server);
      if (ready) return;
      if (failure !== undefined) throw new Error(failure);
      if (Date.now() > nextNote) {
        this.log(`the database is recovering (${Math.round((Date.now() - began) / 1000)} s)`);
        nextNote += 10_000;
      }
      await delay(10);
    }
  }

  /** PostgreSQL writes its state into the last line of its pid file. */
  private async isReady(server: ChildProcess): Promise<boolean> {
    const lines = (await readFile(join(this.cluster, 'postmaster.pid'), 'utf8').catch(() => '')).split('\n');
    return Number(lines[0]) === server.pid && lines[7]?.trim() === 'ready' && isRunning(server);
  }
}

function isRunning(child: ChildProcess): boolean {
  return child.pid !== undefined && child.exitCode === null && child.signalCode === null;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, 'close');
  return port;
}

async function syncDirectory(path: string): Promise<void> {
  if (process.platform === 'win32') return;
  const handle = await open(path, 'r');
  await handle.sync().finally(() => handle.close());
}
