import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { run } from './command.js';
import { find } from './programs.js';

/**
 * Starts a daemon that lives in `folder` and waits until it answers; it writes its log there.
 * Answers how to stop it: it is gone afterwards, and so is all that it mounted.
 */
export async function startDaemon(
  folder: string,
  program: string,
  args: readonly string[],
  isReady: () => Promise<unknown>,
): Promise<() => Promise<void>> {
  const logFile = `${folder}/${program}.log`;
  const log = openSync(logFile, 'a');
  // Where the test's process is killed, the daemon is told to go as well.
  const command = ['--pdeathsig', 'TERM', find(program) ?? program, ...args];
  const child = spawn(find('setpriv') ?? '', command, { stdio: ['ignore', log, log] });
  closeSync(log);
  const exited = once(child, 'exit');
  const stop = async () => {
    child.kill('SIGTERM');
    // One that hangs must not outlive the tests.
    const force = setTimeout(() => child.kill('SIGKILL'), 30_000);
    await exited;
    clearTimeout(force);
    await unmount(folder);
  };
  for (const began = Date.now(); ; await sleep(100)) {
    const hasEnded = child.exitCode !== null || child.signalCode !== null;
    if (!hasEnded && (await isReady().then(Boolean, () => false))) return stop;
    if (!hasEnded && Date.now() - began < 60_000) continue;
    await stop();
    throw new Error(`${program} does not start:\n${readFileSync(logFile, 'utf8').slice(-4_000)}`);
  }
}

/** Removes a folder in which daemons and containers were at work. */
export async function removeFolder(folder: string): Promise<void> {
  await unmount(folder);
  await rm(folder, { recursive: true, force: true, maxRetries: 5 });
}

/** Unmounts what is mounted below a folder, the innermost first. */
async function unmount(folder: string): Promise<void> {
  if (process.platform !== 'linux') return;
  const points = readFileSync('/proc/self/mounts', 'utf8')
    .split('\n')
    .map((line) => line.split(' ')[1] ?? '')
    .filter((point) => point.startsWith(`${folder}/`));
  for (const point of points.reverse()) await run('umount', ['--lazy', point]);
}
