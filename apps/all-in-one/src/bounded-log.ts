/**
 * A log file that another program writes to directly, kept from filling the disk. The program gets the file itself and
 * not a pipe: it can then go on writing when Berth is busy or gone.
 */
import { closeSync, copyFileSync, openSync, readSync, renameSync, statSync, truncateSync } from 'node:fs';

const MAX_BYTES = 10 << 20;
const CHECK_MS = 60_000;

export class BoundedLog {
  /** To be given to the program; opened for appending, so that it can be truncated under the program's hands. */
  readonly fd: number;
  private readonly timer: NodeJS.Timeout;

  constructor(
    private readonly path: string,
    private readonly maxBytes = MAX_BYTES,
    checkMs = CHECK_MS,
  ) {
    if (this.isFull()) renameSync(path, `${path}.1`);
    this.fd = openSync(path, 'a', 0o600);
    this.timer = setInterval(() => this.check(), checkMs).unref();
  }

  /** The last lines, for an error message. */
  tail(maxBytes = 2_000): string {
    const fd = openSync(this.path, 'r');
    try {
      const start = Math.max(0, statSync(this.path).size - maxBytes);
      const buffer = Buffer.alloc(maxBytes);
      const text = buffer.subarray(0, readSync(fd, buffer, 0, maxBytes, start)).toString('utf8');
      return (start > 0 ? text.slice(text.indexOf('\n') + 1) : text).trim();
    } finally {
      closeSync(fd);
    }
  }

  close(): void {
    clearInterval(this.timer);
    closeSync(this.fd);
  }

  private check(): void {
    try {
      if (!this.isFull()) return;
      copyFileSync(this.path, `${this.path}.1`);
      truncateSync(this.path);
    } catch {
      // A full disk, a file that somebody moved: the log is not worth stopping a registry for.
    }
  }

  private isFull(): boolean {
    return (statSync(this.path, { throwIfNoEntry: false })?.size ?? 0) > this.maxBytes;
  }
}
