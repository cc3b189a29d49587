import { Argument, type Command } from 'commander';
import type { TombstoneAnswer } from '#contracts';
import { readPages } from '../api/pages.js';
import { type Commands, type ListOptions, listed } from '../command.js';
import { facts } from '../output/output.js';
import { age, number, time } from '../output/words.js';
import { packageOf } from '../package-name.js';

export function addPackages(program: Command, commands: Commands): void {
  const packages = program
    .command('packages')
    .description('Packages: who sees them, who was refused, what was removed');

  packages
    .command('visibility')
    .description('Change who sees a package')
    .argument('<owner/name>')
    .addArgument(new Argument('<visibility>').choices(['private', 'internal', 'public']))
    .action(
      commands.remote(async ({ api, args: [text = '', visibility = ''], out }) => {
        const { owner, name } = packageOf(text);
        const changed = await api.setVisibility(owner, name, visibility);
        out.show(changed, () => `${changed.name} is ${changed.visibility}.`);
      }),
    );

  packages
    .command('explain')
    .description(
      'Name the rule that lets somebody do something to a package or keeps them from it, and what would help',
    )
    .argument('<owner/name>')
    .argument('<who>', 'a login, anonymous, or workflow:ID of berth trust list')
    .addArgument(new Argument('<action>').choices(['pull', 'push', 'delete', 'administer']))
    .action(
      commands.remote(async ({ api, args: [text = '', who = '', action = ''], out }) => {
        const { owner, name } = packageOf(text);
        const answer = await api.explain(who, action, `${owner}/${name}`);
        out.show(answer, () =>
          facts({
            who: answer.subject,
            may: `${answer.allowed ? '' : 'not '}${answer.action} ${answer.package}`,
            rule: answer.rule,
            ...(answer.remedy !== null && { remedy: answer.remedy }),
          }),
        );
      }),
    );

  packages
    .command('refusals')
    .description('List who was refused what on a package in the last 30 days, the latest first, and what would help')
    .argument('<owner/name>')
    .action(
      commands.remote(async ({ api, args: [text = ''], out }) => {
        const { owner, name } = packageOf(text);
        const answer = await api.refusals(owner, name);
        out.show(answer, () => ({
          columns: ['LAST', 'TIMES', 'WHO', 'ACTION', 'RULE', 'WHAT HELPS'],
          rows: answer.refusals.map((refusal) => [
            `${age(refusal.last_at)} ago`,
            number(refusal.count),
            refusal.identity,
            refusal.action,
            refusal.rule,
            refusal.message,
          ]),
          none: 'Nobody was refused.',
        }));
      }),
    );

  listed(packages.command('tombstones'))
    .description(
      'List tags and digests that were removed in the last 90 days, the last first, and who still asks for them',
    )
    .argument('<owner/name>')
    .action(
      commands.remote<ListOptions>(async ({ api, args: [text = ''], options, out }) => {
        const { owner, name } = packageOf(text);
        const answer = await readPages('tombstones', (after) => api.tombstones(owner, name, after), options);
        out.show(answer, () => ({
          columns: ['REMOVED', 'WHAT', 'BY', 'RESTORABLE UNTIL', 'ASKED FOR', 'LAST BY'],
          rows: answer.tombstones.map((tombstone) => [
            time(tombstone.removed_at),
            tombstone.reference,
            removerOf(tombstone),
            time(tombstone.restorable_until),
            tombstone.last_asked_at === null ? '-' : `${number(tombstone.asked)}, ${age(tombstone.last_asked_at)} ago`,
            tombstone.last_asked_by ?? '-',
          ]),
          none: 'Nothing was removed.',
        }));
      }),
    );
}

const removerOf = ({ rule, removed_by: by }: TombstoneAnswer): string => (rule === null ? (by ?? '-') : `rule ${rule}`);
