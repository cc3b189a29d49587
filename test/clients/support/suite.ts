import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, vi } from 'vitest';
import { startBerth, type TestBerth } from '../../support/berth.js';
import { type Client, createAccounts } from '../../support/client.js';
import { type Options, type Output, run } from './command.js';
import { removeFolder } from './daemon.js';
import { whatIsMissing } from './programs.js';

/** What the tests of one client have: a Berth, a user who owns the organisation acme, and a home folder for the client. */
export interface World {
  berth: TestBerth;
  /** `127.0.0.1:PORT`, with which the names of images begin. */
  host: string;
  pusher: Client;
  /** The user's personal access token. */
  token: string;
  home: string;
  /** Runs a client as somebody at home there: logins and caches of the machine's own user are neither seen nor touched. */
  run(program: string, args: readonly string[], options?: Options): Promise<Output>;
  /** Does this when the tests are over, the last first. */
  after(undo: () => unknown): void;
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
  const missing = whatIsMissing(programs);
  const undo: Array<() => unknown> = [];
  vi.setConfig({ testTimeout: MINUTES_ENOUGH, hookTimeout: MINUTES_ENOUGH });
  let started: (World & T) | undefined;

  beforeAll(async () => {
    if (missing) return;
    const world = await createWorld((step) => undo.push(step));
    started = { ...world, ...(await start(world)) };
  });
  beforeEach(({ skip, onTestFailed }) => {
    if (missing && process.env.CI) throw new Error(missing);
    if (missing) skip(missing);
    onTestFailed(() => console.error(`Berth's log ends with:\n${started?.berth.log().slice(-4_000)}`));
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

async function createWorld(after: World['after']): Promise<World> {
  const home = await mkdtemp(join(tmpdir(), 'client-'));
  after(() => removeFolder(home));
  const berth = await startBerth();
  after(() => berth.stop());
  const { pusher } = await createAccounts(berth);
  const env = {
    HOME: home,
    XDG_CONFIG_HOME: `${home}/.config`,
    XDG_CACHE_HOME: `${home}/.cache`,
    XDG_DATA_HOME: `${home}/.local/share`,
    DOCKER_CONFIG: `${home}/.docker`,
    REGISTRY_AUTH_FILE: `${home}/auth.json`,
  };
  return {
    berth,
    host: berth.host,
    pusher,
    token: pusher.token ?? '',
    home,
    run: (program, args, options) => run(program, args, { cwd: home, ...options, env: { ...env, ...options?.env } }),
    after,
  };
}
