/**
 * The folder that holds everything an all-in-one Berth keeps, and the lock that gives it to one process at a time.
 *
 * The lock is SQLite's exclusive lock on an empty file. Node has no flock of its own, but SQLite, built into Node 24,
 * takes a lock of the operating system (fcntl, LockFileEx), which is what is wanted here:
 * - the kernel drops it when the process ends in whatever way, so nothing stale ever blocks and no pid is ever trusted;
 * - the kernel gives it to one of two simultaneous starts, without a moment between looking and taking;
 * - it belongs to the file, so two containers that share a volume see it too, though they share neither pids nor
 *   abstract sockets.
 */
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

/** No other code may open this file: closing any descriptor of it in this process would drop the (POSIX) lock. */
const LOCK_FILE = 'berth.lock';
/** Only for the message that a second start prints. */
const PID_FILE = 'berth.pid';
/** A start that finds the lock taken waits this long: by then the holder has written its pid, or has ended. */
const WAIT_MS = 300;
const SQLITE_BUSY = 5;
/** A database that nothing refers to is closed by the garbage collector, and its lock with it. */
const held = new Set<DatabaseSync>();

/** The data directory cannot be used; the message tells the operator what to do. */
export class DataDirectoryError extends Error {
  override readonly name = 'DataDirectoryError';
}

export class DataDirectory {
  private constructor(
    readonly path: string,
    private readonly lock: DatabaseSync,
  ) {}

  /** Creates the folder where it is missing and takes its lock, which lasts until `close` or the end of the process. */
  static open(directory: string): DataDirectory {
    const path = resolve(directory);
    try {
      makePrivate(path);
      const lock = takeLock(path);
      writeFileSync(join(path, PID_FILE), `${process.pid}\n`, { mode: 0o600 });
      return new DataDirectory(path, lock);
    } catch (error) {
      if (error instanceof DataDirectoryError) throw error;
      throw new DataDirectoryError(
        `BERTH_DATA_DIR ${path} cannot be used: ${(error as Error).message}. ` +
          'Give Berth a folder on a local disk that it may write to.',
        { cause: error },
      );
    }
  }

  close(): void {
    if (held.delete(this.lock)) this.lock.close();
  }
}

function takeLock(path: string): DatabaseSync {
  const lock = new DatabaseSync(join(path, LOCK_FILE), { timeout: WAIT_MS });
  try {
    // The transaction is never ended and writes nothing: the file stays empty. Nor does it need a journal.
    lock.exec('PRAGMA journal_mode = OFF; BEGIN EXCLUSIVE');
    held.add(lock);
    return lock;
  } catch (error) {
    lock.close();
    if ((error as { errcode?: number }).errcode !== SQLITE_BUSY) throw error;
    throw new DataDirectoryError(
      `another Berth (pid ${holder(path)}) is using this data directory: ${path}. ` +
        'Stop it first, or set BERTH_DATA_DIR to another folder.',
    );
  }
}

function holder(path: string): string {
  try {
    return readFileSync(join(path, PID_FILE), 'utf8').trim() || 'unknown';
  } catch {
    return 'unknown';
  }
}

/** Nobody else may look in. A folder that is neither new, empty nor Berth's keeps its mode: it may be /tmp by mistake. */
function makePrivate(path: string): void {
  if (mkdirSync(path, { recursive: true, mode: 0o700 }) !== undefined) return;
  const { mode, uid } = statSync(path);
  const ours = existsSync(join(path, LOCK_FILE)) || readdirSync(path).length === 0;
  if (ours && uid === process.geteuid?.() && (mode & 0o077) !== 0) chmodSync(path, 0o700);
}
