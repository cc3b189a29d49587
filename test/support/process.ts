import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { resolve } from 'node:path';
import { createInterface } from 'node:readline';

const APPS = resolve(import.meta.dirname, '../../dist/apps');

export type Program = 'all-in-one' | 'gateway' | 'metadata' | 'blobs' | 'worker';

/** A compiled program of Berth's, in a process. */
export interface BerthProcess {
  child: ChildProcess;
  /** What it wrote to stderr, by lines. */
  log: string[];
  /** `HOST:PORT`, as it told; rejects when it ends before. */
  ready: Promise<string>;
  isRunning(): boolean;
  /** SIGTERM; resolves with the exit code once it has ended. */
  terminate(): Promise<number | null>;
  /** Ends it at once, as a crash does. */
  kill(): Promise<void>;
}

/** Starts a program; `log` takes its lines, those of an earlier run before them. */
export function startProcess(program: Program, environment: NodeJS.ProcessEnv, log: string[] = []): BerthProcess {
  const child = spawn(process.execPath, ['--enable-source-maps', `${APPS}/${program}/src/main.js`], {
    env: environment,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  createInterface({ input: child.stderr }).on('line', (line) => log.push(line));
  const ready = new Promise<string>((resolve, reject) => {
    child.once('exit', (code) =>
      reject(new Error(`${program} ended with ${code} before it was ready:\n${log.slice(-50).join('\n')}`)),
    );
    createInterface({ input: child.stdout }).on('line', (line) => {
      const [, authority] = /^Berth(?:'s \w+)? is ready at (?:http:\/\/)?(.*)$/.exec(line) ?? [];
      if (authority) resolve(authority);
    });
  });
  ready.catch(() => undefined);
  const isRunning = () => child.exitCode === null && child.signalCode === null;
  const end = async (signal: NodeJS.Signals) => {
    if (!isRunning()) return child.exitCode;
    const gone = once(child, 'exit');
    child.kill(signal);
    return ((await gone) as [number | null])[0];
  };
  return {
    child,
    log,
    ready,
    isRunning,
    terminate: async () => {
      const wasRunning = isRunning();
      const code = await end('SIGTERM');
      if (wasRunning && code !== 0) console.error(`${program} ended with ${code}:\n${log.slice(-30).join('\n')}`);
      return code;
    },
    kill: async () => void (await end('SIGKILL')),
  };
}

export const portOf = (authority: string): number => Number(authority.slice(authority.lastIndexOf(':') + 1));
