import type { Command } from 'commander';
import { readPages } from '../api/pages.js';
import { type Commands, type ListOptions, listed } from '../command.js';
import { counted, number, size, time } from '../output/words.js';

export function addDeletions(program: Command, commands: Commands): void {
  const deletions = program.command('deletions').description('Objects that wait to be deleted from the store');

  listed(deletions.command('list'))
    .description('List them, those first whose time came first')
    .action(
      commands.remote<ListOptions>(async ({ api, options, out }) => {
        const answer = await readPages('deletions', api.deletions, options);
        out.show(answer, () => ({
          columns: ['OBJECT', 'BYTES', 'NOT BEFORE', 'TRIED', 'TRIES', 'WHY'],
          rows: answer.deletions.map((deletion) => [
            deletion.object_key,
            deletion.size === null ? '-' : size(deletion.size),
            time(deletion.not_before),
            time(deletion.tried_at),
            number(deletion.tries),
            deletion.repeat ? 'once more' : deletion.stray ? 'nobody knew it' : 'let go of',
          ]),
          none: 'No object waits to be deleted.',
        }));
      }),
    );

  deletions
    .command('retry')
    .description('Try those again at once that are due and were tried in vain')
    .argument('[object]', 'only this one')
    .action(
      commands.remote(async ({ api, args: [object], out }) => {
        const answer = await api.retryDeletions(object === undefined ? {} : { object_key: object });
        out.show(answer, () => `${counted(answer.retried, 'deletion')} will be tried again at once.`);
      }),
    );
}
