import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

const PROGRAM = resolve(import.meta.dirname, '../../dist/apps/cli/src/main.js');

/** What came of a run of `berth`. */
export interface CliAnswer {
  code: number | null;
  stdout: string;
  stderr: string;
  /** stdout as JSON. */
  // biome-ignore lint/suspicious/noExplicitAny: tests look into whatever came
  json(): any;
}

/** The compiled command line with a folder for settings of its own, as nobody sits at it: pipes on all sides. */
export interface Cli {
  /** Where it keeps tokens. */
  folder: string;
  run(args: string[], given?: { stdin?: string; environment?: Record<string, string> }): Promise<CliAnswer>;
  /** stdout of a run that must end well. */
  text(...args: string[]): Promise<string>;
  /** The same with `--json`, read. */
  // biome-ignore lint/suspicious/noExplicitAny: tests look into whatever came
  json(...args: string[]): Promise<any>;
  remove(): Promise<void>;
}

export async function createCli(): Promise<Cli> {
  const folder = await mkdtemp(join(tmpdir(), 'berth-cli-'));
  const inherited = Object.entries(process.env).filter(([name]) => !name.startsWith('BERTH_'));
  const run: Cli['run'] = async (args, { stdin = '', environment = {} } = {}) => {
    const child = spawn(process.execPath, [PROGRAM, ...args], {
      env: { ...Object.fromEntries(inherited), XDG_CONFIG_HOME: folder, ...environment },
      stdio: 'pipe',
    });
    const [stdout, stderr] = [child.stdout, child.stderr].map((stream) => {
      const chunks: Buffer[] = [];
      stream.on('data', (chunk: Buffer) => chunks.push(chunk));
      return () => Buffer.concat(chunks).toString();
    });
    child.stdin.on('error', () => undefined); // it may end without reading
    child.stdin.end(stdin);
    const [code] = (await once(child, 'close')) as [number | null];
    const out = stdout?.() ?? '';
    return { code, stdout: out, stderr: stderr?.() ?? '', json: () => JSON.parse(out) };
  };
  const text = async (...args: string[]) => {
    const { code, stdout, stderr } = await run(args);
    if (code === 0) return stdout;
    throw new Error(`berth ${args.join(' ')} ended with ${code}: ${stderr}`);
  };
  return {
    folder,
    run,
    text,
    json: async (...args) => JSON.parse(await text(...args, '--json')),
    remove: () => rm(folder, { recursive: true, force: true }),
  };
}
