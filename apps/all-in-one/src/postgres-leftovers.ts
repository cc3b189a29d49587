/**
 * A PostgreSQL outlives a Berth that was killed. It still has the cluster open, and the next Berth must end it before
 * it starts its own. Its pid file is no proof: after a reboot, or in the next container, the pid may be anybody's.
 */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, realpathSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

/** A fast shutdown writes out what memory holds. */
const FAST_MS = 60_000;
/** Without their postmaster, or told to quit at once, the processes need no more than this. */
const QUICK_MS = 5_000;

/** Stands as `cluster_name` in the command line of every process of a cluster. */
export function clusterName(directory: string): string {
  return `berth-${createHash('sha256').update(realpathSync(directory)).digest('hex').slice(0, 16)}`;
}

/** Ends what runs on the cluster in `directory`, gently first. The caller holds the data directory's lock. */
export async function endLeftovers(directory: string, log: (line: string) => void): Promise<void> {
  if (processesOf(directory).length === 0) return;
  log('ending the PostgreSQL that an earlier Berth left running');
  const postmaster = processesOf(directory).find((pid) => pid === postmasterOf(directory));
  if (postmaster !== undefined) {
    if (signal(postmaster, 'SIGINT') && (await ended(directory, FAST_MS))) return;
    if (signal(postmaster, 'SIGQUIT') && (await ended(directory, QUICK_MS))) return;
  } else if (await ended(directory, QUICK_MS)) {
    return;
  }
  for (const pid of processesOf(directory)) signal(pid, 'SIGKILL');
  if (await ended(directory, QUICK_MS)) return;
  throw new Error(
    `A PostgreSQL that an earlier Berth left on ${directory} does not end (pid ${processesOf(directory).join(', ')}). ` +
      'End it, then start Berth again.',
  );
}

function processesOf(directory: string): number[] {
  if (process.platform === 'win32') return [];
  const name = clusterName(directory);
  if (process.platform !== 'linux') return listedWith(name);
  const { dev, ino } = statSync(directory);
  return readdirSync('/proc')
    .filter((entry) => /^\d+$/.test(entry))
    .filter((pid) => {
      try {
        const program = readFileSync(`/proc/${pid}/comm`, 'utf8').trim();
        if (program !== 'postgres' && program !== 'initdb') return false;
        try {
          // Each process of a cluster works in the cluster's own folder, whatever the path to it was.
          const cwd = statSync(`/proc/${pid}/cwd`);
          return cwd.dev === dev && cwd.ino === ino;
        } catch {
          // Another user's process, and a sandbox without the right to look into it.
          return readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(name);
        }
      } catch {
        return false;
      }
    })
    .map(Number);
}

function listedWith(name: string): number[] {
  return execFileSync('ps', ['-axo', 'pid=,command='], { encoding: 'utf8', maxBuffer: 64 << 20 })
    .split('\n')
    .filter((line) => line.includes(name))
    .map((line) => Number.parseInt(line, 10));
}

function postmasterOf(directory: string): number | undefined {
  try {
    return Number.parseInt(readFileSync(join(directory, 'postmaster.pid'), 'utf8'), 10);
  } catch {
    return undefined;
  }
}

function signal(pid: number, name: NodeJS.Signals): boolean {
  try {
    return process.kill(pid, name);
  } catch (error) {
    // Ended in the meantime, which is as good.
    return (error as NodeJS.ErrnoException).code === 'ESRCH';
  }
}

async function ended(directory: string, withinMs: number): Promise<boolean> {
  for (const end = Date.now() + withinMs; Date.now() < end; await delay(50)) {
    if (processesOf(directory).length === 0) return true;
  }
  return false;
}
