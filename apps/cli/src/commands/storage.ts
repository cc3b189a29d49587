import type { Command } from 'commander';
import type { Commands } from '../command.js';
import { age, number, size } from '../output/words.js';

export function addStorage(program: Command, commands: Commands): void {
  const storage = program.command('storage').description('What is stored, and how much');

  storage
    .command('show')
    .description('Show counts and bytes of the whole instance')
    .action(
      commands.remote(async ({ api, out }) => {
        const answer = await api.storage();
        const rows = (
          [
            ['as packages see it', answer.logical],
            ['stored', answer.stored],
            ['saved by storing once', answer.deduplicated],
            ['waiting to be deleted', answer.awaiting_deletion],
          ] as const
        ).map(([what, { count, bytes }]) => [what, number(count), size(bytes)]);
        out.show(answer, () => ({ columns: ['WHAT', 'BLOBS', 'BYTES'], rows }));
        out.note(`Measured ${age(answer.measured_at)} ago.`);
      }),
    );
}
