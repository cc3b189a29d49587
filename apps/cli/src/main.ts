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

const isJson = process.argv.includes('--json');
const { version } = JSON.parse(readFileSync(new URL('../../../../package.json', import.meta.url), 'utf8'));
try {
  await createProgram(terminal, version, isJson).parseAsync(process.argv);
} catch (error) {
  process.exitCode = endWith(error);
}

function endWith(error: unknown): number {
  if (error instanceof CommanderError && error.exitCode === 0) return EXIT.done;
  const failure = failureOf(error);
  const { outcome, message, advice } = failure;
  const code = EXIT[outcome];
  if (isJson) {
    terminal.stderr.write(
      `${JSON.stringify({ error: { outcome, exit_code: code, message, advice: advice ?? null } })}\n`,
    );
  } else if (!(error instanceof CommanderError)) {
    // commander has said its own.
    terminal.stderr.write(`berth: ${harmless(message)}\n${advice ? `       ${harmless(advice)}\n` : ''}`);
  }
  return code;
}

function failureOf(error: unknown): Failure {
  if (error instanceof Failure) return error;
  if (!(error instanceof CommanderError)) return new Failure('failed', String(error));
  const text = error.code === 'commander.help' ? 'There are several commands: say which' : error.message;
  const [message = '', ...advice] = text.replace(/^error: /, '').split('\n');
  return new Failure('usage', message, advice.join(' ') || 'Add --help to see what there is.');
}
