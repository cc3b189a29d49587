import type { Command } from 'commander';
import type { ScrubAnswer, ScrubPassAnswer } from '#contracts';
import type { AdminApi } from '../api/admin-api.js';
import { readPages } from '../api/pages.js';
import { type Commands, type ListOptions, listed, wholeNumber } from '../command.js';
import { Failure } from '../failure.js';
import { facts, type Output } from '../output/output.js';
import { follow } from '../output/progress.js';
import { counted, number, size, time } from '../output/words.js';

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
    .option('--wait', 'follow the pass to its end')
    .action(
      commands.remote<{ wait?: boolean }>(async ({ api, options, out }) => {
        const started = await api.startScrub();
        if (options.wait) return showPass(await followPass(api, started.id, out), out);
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

const show = (state: ScrubAnswer, out: Output): void =>
  out.show(state, () =>
    facts({
      hashing: state.mode,
      pace: `${size(state.pace)} a second`,
      ...(state.pass && factsOf(state.pass)),
    }),
  );

const factsOf = (pass: ScrubPassAnswer) => ({
  pass: `${pass.id}, ${pass.finished_at ? `ended ${time(pass.finished_at)}` : 'under way'}`,
  hashed: `${number(pass.blobs)}, ${size(pass.bytes)}`,
  damaged: number(pass.damaged),
  healed: number(pass.healed),
});

/** Errors: Failure for a pass that found damage, after it was shown. */
function showPass(pass: ScrubPassAnswer, out: Output): void {
  out.show(pass, () => facts(factsOf(pass)));
  if (pass.damaged === 0) return;
  const found = `Pass ${pass.id} found ${counted(pass.damaged, 'damaged blob')}`;
  throw new Failure('failed', found, 'Which ones, and who has them: berth scrub damaged');
}

/** What is stored is known by the last measurement, and may be more by now. */
async function followPass(api: AdminApi, id: number, out: Output): Promise<ScrubPassAnswer> {
  const { mode } = await api.scrub();
  if (mode === 'off') out.note('Hashing is off: the pass waits for berth scrub on.');
  const { stored } = await api.storage();
  const look = async () => {
    const { passes } = await api.scrubPasses();
    const pass = passes.find((one) => one.id === id);
    if (pass) return pass;
    throw new Failure('missing', `Pass ${id} is forgotten`, 'What there is: berth scrub history');
  };
  return follow(look, {
    isEnded: (pass) => pass.finished_at !== null,
    progressOf: ({ bytes, blobs, finished_at }) => ({
      done: finished_at === null ? Math.min(99, Math.floor((100 * bytes) / Math.max(1, stored.bytes))) : 100,
      of: 100,
      words: `pass ${id}: ${counted(blobs, 'blob')}, ${size(bytes)} of ${size(stored.bytes)}`,
    }),
    out,
  });
}
