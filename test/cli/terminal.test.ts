// What only a terminal sees: a bar, a token that is asked for and not shown, Ctrl-C. util-linux's `script` gives one.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { resolve } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { operator } from '../support/client.js';
import { stageBerth } from './stage.js';

const PROGRAM = resolve(import.meta.dirname, '../../dist/apps/cli/src/main.js');
const hasScript = spawnSync('script', ['--version'], { encoding: 'utf8' }).stdout?.includes('util-linux') ?? false;

const { berth, cli } = await stageBerth();

interface Session {
  child: ChildProcess;
  /** All that was drawn. */
  screen(): string;
  ended: Promise<number | null>;
}

/** `berth` at a terminal. */
function sit(args: string, environment: Record<string, string> = {}): Session {
  const { CI: _, NO_COLOR: __, ...inherited } = process.env;
  const child = spawn(
    'script',
    ['-qfec', `stty cols 100 rows 30; '${process.execPath}' '${PROGRAM}' ${args}`, '/dev/null'],
    {
      env: { ...inherited, TERM: 'xterm', XDG_CONFIG_HOME: cli.folder, ...environment },
      stdio: ['pipe', 'pipe', 'inherit'],
    },
  );
  let drawn = '';
  child.stdout.on('data', (chunk: Buffer) => {
    drawn += chunk.toString();
  });
  return { child, screen: () => drawn, ended: once(child, 'close').then(([code]) => code as number | null) };
}

const asAdmin = () => ({ BERTH_HOST: berth.host, BERTH_TOKEN: berth.adminToken });

describe('at a terminal', () => {
  beforeEach(({ skip }) => skip(!hasScript, 'there is no util-linux script, which gives a terminal'));

  it('asks for the token and hides it', async () => {
    const session = sit(`login ${berth.host}`);
    await expect.poll(session.screen).toContain('Token of an operator');
    session.child.stdin?.write(`${berth.adminToken}\r`);
    expect(await session.ended).toBe(0);
    expect(session.screen()).toContain(`Logged in to ${berth.url} as admin.`);
    expect(session.screen()).not.toContain(berth.adminToken);
  });

  it('draws a bar while a run goes on, and what went once it is done', async () => {
    await operator(berth, 'POST', '/gc/pause');
    const session = sit('gc start --grace 0s --wait', asAdmin());
    await expect.poll(session.screen).toMatch(/[━=]{10}.*run \d+: queued/);
    await operator(berth, 'POST', '/gc/resume');
    expect(await session.ended).toBe(0);
    expect(session.screen()).toMatch(/state: +done/);
  });

  it('stops watching at Ctrl-C with 130; the run goes on', async () => {
    await operator(berth, 'POST', '/gc/pause');
    const session = sit('gc start --wait', asAdmin());
    await expect.poll(session.screen).toContain('queued');
    session.child.stdin?.write('\u0003');
    expect(await session.ended).toBe(130);
    const { body } = await operator(berth, 'GET', '/gc/runs');
    expect((body.runs as Array<{ state: string }>)[0]?.state).toBe('queued');
    await operator(berth, 'POST', '/gc/resume');
  });

  it('cuts tables to its width, and to no less than can be read', async () => {
    await operator(berth, 'PATCH', '/maintenance', { read_only: false, message: 'x'.repeat(200) });
    const session = sit('audit list', asAdmin());
    expect(await session.ended).toBe(0);
    const lines = session.screen().trimEnd().split(/\r?\n/);
    expect(lines.length).toBeGreaterThan(3);
    expect(lines.slice(1).filter((line) => line.length > 100)).toEqual([]);
    expect(session.screen()).toContain('…');
  });

  it('draws none for scripts', async () => {
    const session = sit('gc start --wait --json', { ...asAdmin(), CI: 'true' });
    expect(await session.ended).toBe(0);
    expect(JSON.parse(session.screen())).toMatchObject({ state: 'done' });
  });
});
