#!/usr/bin/env node
import { readFileSync } from 'node:fs';
import { CommanderError } from 'commander';
import { EXIT, Failure } from './failure.js';
import { harmless } from './output/words.js';
import { createProgram } from './program.js';
import type { Terminal } from './terminal.js';

/** `berth`: speaks HTTP to `/admin/v1` of a Berth, and to nothing else. */
const terminal: Terminal = {
  environment: process.env,
  stdin: process.stdin,
  stdout: process.stdout,
  stderr: process.stderr,
};

// A reader that has seen enough, such as head, is no error.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(EXIT.done);
  throw error;
});

const { version } = JSON.parse(readFileSync(new URL('../../../../package.json', import.meta.url), 'utf8'));
try {
  await createProgram(terminal, version).parseAsync(process.argv);
} catch (error) {
  process.exitCode = endWith(error);
}

function endWith(error: unknown): number {
  // commander has said it.
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.done : EXIT.usage;
  const failure = error instanceof Failure ? error : new Failure('failed', String(error));
  const { outcome, message, advice } = failure;
  const code = EXIT[outcome];
  if (process.argv.includes('--json')) {
    terminal.stderr.write(
      `${JSON.stringify({ error: { outcome, exit_code: code, message, advice: advice ?? null } })}\n`,
    );
  } else {
    terminal.stderr.write(`berth: ${harmless(message)}\n${advice ? `       ${harmless(advice)}\n` : ''}`);
  }
  return code;
}
