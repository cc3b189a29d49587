import type { ReadStream, WriteStream } from 'node:tty';

/** What a command has around it. */
export interface Terminal {
  environment: NodeJS.ProcessEnv;
  stdin: NodeJS.ReadStream | ReadStream;
  stdout: NodeJS.WriteStream | WriteStream;
  stderr: NodeJS.WriteStream | WriteStream;
}

/** Whether somebody looks at what is drawn: a bar in a log or a pipe is noise. */
export function isWatched({ stdout, stderr, environment }: Terminal): boolean {
  return stdout.isTTY === true && stderr.isTTY === true && environment.TERM !== 'dumb' && !environment.CI;
}
