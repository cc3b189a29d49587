import { isCancel, password } from '@clack/prompts';
import { Failure } from './failure.js';
import type { Terminal } from './terminal.js';

/** More than any token. */
const MAX_CHARACTERS = 64 * 1024;

/** A secret, asked for where somebody sits, else read from stdin to its end. It is never shown. Errors: Failure. */
export async function readSecret(question: string, { stdin, stderr }: Terminal): Promise<string> {
  if (!stdin.isTTY) return readAll(stdin);
  const answer = await password({ message: question, input: stdin, output: stderr });
  if (isCancel(answer)) throw new Failure('interrupted', 'Nothing was changed');
  return answer ?? '';
}

async function readAll(stdin: NodeJS.ReadableStream): Promise<string> {
  let text = '';
  stdin.setEncoding('utf8');
  for await (const chunk of stdin) {
    text += chunk;
    if (text.length > MAX_CHARACTERS) throw new Failure('usage', 'stdin holds more than a token');
  }
  return text;
}
