import { spawn } from 'node:child_process';
import { find } from './programs.js';

export interface Options {
  env?: Record<string, string>;
  cwd?: string;
  /** What the program reads from stdin. */
  input?: string | Uint8Array;
  /** Milliseconds after which it is ended. */
  timeout?: number;
}

export interface Output {
  stdout: string;
  stderr: string;
}

/** Runs a program to its end. One that fails throws what it printed, so that a test's message is the client's own. */
export function run(program: string, args: readonly string[], options: Options = {}): Promise<Output> {
  const { env, cwd, input, timeout = 120_000 } = options;
  return new Promise((resolve, reject) => {
    const child = spawn(find(program) ?? program, args, {
      env: { ...process.env, ...env },
      stdio: 'pipe',
      timeout,
      killSignal: 'SIGKILL',
      ...(cwd && { cwd }),
    });
    const output = { stdout: '', stderr: '' };
    for (const name of ['stdout', 'stderr'] as const) {
      child[name].setEncoding('utf8').on('data', (text: string) => {
        output[name] += text;
      });
    }
    child.once('error', reject);
    child.once('close', (code, signal) => {
      if (code === 0) return resolve(output);
      const end = signal ? `was ended by ${signal} (its time is ${timeout / 1000} s)` : `exited with ${code}`;
      const said = `${output.stdout}${output.stderr}`.trim().slice(-4_000);
      reject(new Error(`${program} ${args.join(' ')}\n${end}${said && `:\n${said}`}`));
    });
    // A program that does not read its input to the end says why by its exit code.
    child.stdin.on('error', () => {});
    child.stdin.end(input);
  });
}
