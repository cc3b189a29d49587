import type { Command } from 'commander';
import type { KeyAnswer } from '#contracts';
import type { Commands } from '../command.js';
import type { Output } from '../output/output.js';
import { follow } from '../output/progress.js';
import { age } from '../output/words.js';

export function addKeys(program: Command, commands: Commands): void {
  const keys = program.command('keys').description('Keys that sign bearer tokens');

  keys
    .command('list')
    .description('List keys, the latest to sign first; never their private halves')
    .action(
      commands.remote(async ({ api, out }) => {
        const answer = await api.keys();
        out.show(answer, () => ({
          columns: ['KEY', 'STATE', 'AGE', 'SIGNS SINCE', 'RETIRES'],
          rows: answer.keys.map((key) => [
            key.kid,
            key.state,
            age(key.created_at),
            age(key.signs_from),
            age(key.retires_at),
          ]),
        }));
      }),
    );

  keys
    .command('rotate')
    .description('Replace the key that signs; no token that was handed out is refused')
    .option('--wait', 'until the new key signs, a minute')
    .action(
      commands.remote<{ wait?: boolean }>(async ({ api, options, out }) => {
        let key = await api.rotateKey();
        if (options.wait) key = await untilSigning(key, async () => (await api.keys()).keys, out);
        out.show(key, () => `Key ${key.kid} ${key.state === 'next' ? `signs ${age(key.signs_from)}` : 'signs now'}.`);
      }),
    );
}

type Look = () => Promise<KeyAnswer[]>;

function untilSigning(made: KeyAnswer, look: Look, out: Output): Promise<KeyAnswer> {
  const began = Date.now();
  const whole = Math.max(1, Math.round((Date.parse(made.signs_from) - began) / 1000));
  return follow(async () => (await look()).find(({ kid }) => kid === made.kid) ?? made, {
    isEnded: ({ state }) => state !== 'next',
    progressOf: () => ({
      done: Math.min(whole, Math.round((Date.now() - began) / 1000)),
      of: whole,
      words: 'every gateway learns the new key',
    }),
    out,
  });
}
