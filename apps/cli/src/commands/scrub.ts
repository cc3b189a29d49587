import type { Command } from 'commander';
import type { ScrubState } from '../api/answers.js';
import { readPages } from '../api/pages.js';
import { type Commands, type ListOptions, listed, wholeNumber } from '../command.js';
import { facts, type Output } from '../output/output.js';
import { number, size, time } from '../output/words.js';

export function addScrub(program: Command, commands: Commands): void {
  const scrub = program.command('scrub').description('Objects hashed anew, in the background');

  scrub
    .command('status')
    .description('Show whether objects are hashed anew, how fast, and how far')
    .action(commands.remote(async ({ api, out }) => show(await api.scrub(), out)));

  for (const [verb, mode, description] of [
    ['on', 'on', 'Hash objects anew'],
    ['off', 'off', 'Do not hash objects anew'],
  ] as const) {
    scrub
      .command(verb)
      .description(description)
      .action(commands.remote(async ({ api, out }) => show(await api.changeScrub({ mode }), out)));
  }

  scrub
    .command('pace')
    .description('Set how fast objects are hashed anew')
    .argument('<bytes>', 'bytes a second', wholeNumber)
    .action(
      commands.remote(async ({ api, args: [pace], out }) => show(await api.changeScrub({ pace: Number(pace) }), out)),
    );

  scrub
    .command('start')
    .description('Begin a pass over all blobs now, unless one is under way')
    .action(
      commands.remote(async ({ api, out }) => {
        const started = await api.startScrub();
        out.show(started, () => `Pass ${started.id} is under way. How far it is: berth scrub status`);
      }),
    );

  listed(scrub.command('history'))
    .description('List passes over all blobs, the newest first')
    .action(
      commands.remote<ListOptions>(async ({ api, options, out }) => {
        const answer = await readPages('passes', api.scrubPasses, options, (pass) => String(pass.id));
        out.show(answer, () => ({
          columns: ['PASS', 'BY', 'BEGAN', 'ENDED', 'BLOBS', 'BYTES', 'DAMAGED', 'HEALED'],
          rows: answer.passes.map((pass) => [
            String(pass.id),
            pass.requested_by ?? 'schedule',
            time(pass.started_at),
            time(pass.finished_at),
            number(pass.blobs),
            size(pass.bytes),
            number(pass.damaged),
            number(pass.healed),
          ]),
        }));
      }),
    );

  listed(scrub.command('damaged'))
    .description('List blobs whose object is damaged or gone: they count as absent until somebody pushes them')
    .action(
      commands.remote<ListOptions>(async ({ api, options, out }) => {
        const answer = await readPages('blobs', api.damagedBlobs, options, (blob) => String(blob.id));
        out.show(answer, () => ({
          columns: ['BLOB', 'BYTES', 'DAMAGE', 'SINCE', 'PACKAGES'],
          rows: answer.blobs.map((blob) => [
            blob.digest,
            size(blob.size),
            blob.damage ?? 'gone or cut',
            time(blob.missing_since),
            blob.packages.join(', ') || '-',
          ]),
          none: 'No blob is damaged.',
        }));
      }),
    );
}

const show = (state: ScrubState, out: Output): void =>
  out.show(state, () =>
    facts({
      hashing: state.mode,
      pace: `${size(state.pace)} a second`,
      ...(state.pass && {
        pass: `${state.pass.id}, ${state.pass.finished_at ? `ended ${time(state.pass.finished_at)}` : 'under way'}`,
        hashed: `${number(state.pass.blobs)}, ${size(state.pass.bytes)}`,
        damaged: number(state.pass.damaged),
        healed: number(state.pass.healed),
      }),
    }),
  );
