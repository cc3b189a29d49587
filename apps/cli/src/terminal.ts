import type { ReadStream, WriteStream } from 'node:tty';

/** What a command has around it. */
export interface Terminal {
  environment: NodeJS.ProcessEnv;
  stdin: NodeJS.ReadStream | ReadStream;
  stdout: NodeJS.WriteStream | WriteStream;
  stderr: NodeJS.WriteStream | WriteStream;
}

/** A bar takes one line of these columns, and is no bar on two. Terminals without a size have none. */
const BAR_COLUMNS = 60;

/** Whether somebody looks at what is drawn: a bar in a log or a pipe is noise. */
export function isWatched({ stdout, stderr, environment }: Terminal): boolean {
  const isTerminal = stdout.isTTY === true && stderr.isTTY === true && stderr.columns >= BAR_COLUMNS;
  return isTerminal && environment.TERM !== 'dumb' && !environment.CI;
}
