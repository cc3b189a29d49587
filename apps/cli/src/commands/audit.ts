import type { Command } from 'commander';
import { readPages } from '../api/pages.js';
import { type Commands, instant, type ListOptions, listed } from '../command.js';
import { time } from '../output/words.js';

/** As many as Berth gives at once. */
const PER_PAGE = 100;

interface Filters {
  actor?: string;
  action?: string;
  target?: string;
  since?: string;
  until?: string;
}

export function addAudit(program: Command, commands: Commands): void {
  const audit = program.command('audit').description('What was done, by whom, on what, from where');

  listed(audit.command('list'))
    .description('List what was done anywhere, the newest first')
    .option('--actor <who>', 'only by this login, or workflow by its subject')
    .option('--action <name>', 'only this action, or those that begin so: package.')
    .option('--target <what>', 'only on this login, organisation or owner/name')
    .option('--since <time>', 'from then on: 2027-01-31 or 2027-01-31T12:00:00Z', instant)
    .option('--until <time>', 'before then', instant)
    .action(
      commands.remote<ListOptions & Filters>(async ({ api, options, out }) => {
        const { actor, action, target, since, until } = options;
        const filters = { actor, action, target, since, until, per_page: String(PER_PAGE) };
        const read = async (before?: string) => {
          const { items: entries, next } = await api.auditLog({ ...filters, before });
          return { entries, next };
        };
        const answer = await readPages('entries', read, options, (entry) => entry.id);
        out.show(answer, () => ({
          columns: ['AT', 'BY', 'ACTION', 'ON', 'RESULT', 'FROM', 'MORE'],
          rows: answer.entries.map((entry) => [
            time(entry.at),
            entry.actor,
            entry.action,
            entry.target,
            entry.result,
            entry.address ?? '-',
            Object.entries(entry.data)
              .map(([name, value]) => `${name}=${value}`)
              .join(' ') || '-',
          ]),
          none: 'Nothing was done that fits.',
        }));
      }),
    );
}
