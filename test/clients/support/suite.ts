import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, vi } from 'vitest';
import { startBerth, type TestBerth } from '../../support/berth.js';
import { type Client, createAccounts } from '../../support/client.js';
import { type Options, type Output, run } from './command.js';
import { removeFolder } from './daemon.js';
import { whatIsMissing } from './programs.js';

/** A home folder for a client. */
export interface Home {
  home: string;
  /** Runs a client as somebody at home there: logins and caches of the machine's own user are neither seen nor touched. */
  run(program: string, args: readonly string[], options?: Options): Promise<Output>;
  /** Does this when the tests are over, the last first. */
  after(undo: () => unknown): void;
}

/** What the tests of one client have: a Berth, a user who owns the organisation acme, and a home folder for the client. */
export interface World extends Home {
  berth: TestBerth;
  /** `127.0.0.1:PORT`, with which the names of images begin. */
  host: string;
  pusher: Client;
  /** The user's personal access token. */
  token: string;
}

/** Images are large, and the machine may be busy; what hangs is ended all the same. */
const MINUTES_ENOUGH = 5 * 60_000;

/**
 * Starts what the tests of a file need and stops it after them. Where one of the programs is missing, each test is
 * skipped and says what to install; where CI is set, it fails.
 */
export function setUp<T extends object>(
  programs: readonly string[],
  start: (world: World) => Promise<T>,
): () => World & T {
  return setUpHome(programs, async (home) => {
    const berth = await startBerth();
    home.after(() => berth.stop());
    const { pusher } = await createAccounts(berth);
    const world = { ...home, berth, host: berth.host, pusher, token: pusher.token ?? '' };
    return { ...world, ...(await start(world)), log: async () => berth.log() };
  });
}

/** The same, for tests that bring a Berth of their own; its log is shown where a test fails. Starting takes `startMs`. */
export function setUpHome<T extends { log(): Promise<string> }>(
  programs: readonly string[],
  start: (home: Home) => Promise<T>,
  startMs = MINUTES_ENOUGH,
): () => Home & T {
  const missing = whatIsMissing(programs);
  const undo: Array<() => unknown> = [];
  vi.setConfig({ testTimeout: MINUTES_ENOUGH, hookTimeout: startMs });
  let started: (Home & T) | undefined;

  beforeAll(async () => {
    if (missing) return;
    const home = await createHome((step) => undo.push(step));
    started = { ...home, ...(await start(home)) };
  });
  beforeEach(({ skip, onTestFailed }) => {
    if (missing && process.env.CI) throw new Error(missing);
    if (missing) skip(missing);
    onTestFailed(async () => console.error(`Berth's log ends with:\n${(await started?.log())?.slice(-4_000)}`));
  });
  afterAll(async () => {
    const failures: unknown[] = [];
    for (const step of undo.reverse()) await Promise.try(step).catch((error) => failures.push(error));
    if (failures.length > 0) throw new AggregateError(failures, failures.map(String).join('\n'));
  });
  return () => {
    if (!started) throw new Error('the tests have not begun');
    return started;
  };
}

async function createHome(after: Home['after']): Promise<Home> {
  const home = await mkdtemp(join(tmpdir(), 'client-'));
  after(() => removeFolder(home));
  const env = {
    HOME: home,
    XDG_CONFIG_HOME: `${home}/.config`,
    XDG_CACHE_HOME: `${home}/.cache`,
    XDG_DATA_HOME: `${home}/.local/share`,
    DOCKER_CONFIG: `${home}/.docker`,
    REGISTRY_AUTH_FILE: `${home}/auth.json`,
  };
  return {
    home,
    run: (program, args, options) => run(program, args, { cwd: home, ...options, env: { ...env, ...options?.env } }),
    after,
  };
}
