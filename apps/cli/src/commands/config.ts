import { type Command, Option } from 'commander';
import { PART_NAMES, type Part, readSettings, SETTING_NAMES, SettingsError } from '#config';
import type { Commands } from '../command.js';
import { Failure } from '../failure.js';

/** Variables that this program, images and tests read, and that are no settings of Berth's. */
const OTHERS = /^BERTH_(?:HOST|TOKEN|IMAGE|PUBLISH|TEST_.*)$/;

export function addConfig(program: Command, commands: Commands): void {
  const config = program.command('config').description('Settings of Berth, as its services read them');

  config
    .command('check')
    .description('Check the BERTH_ variables of this environment; names are told, never values')
    .addOption(new Option('--service <name>', 'for which process').choices([...PART_NAMES]).default('all-in-one'))
    .action(
      commands.local<{ service: Part }>(({ options: { service }, out, terminal: { environment } }) => {
        const given = Object.keys(environment).filter((name) => /^BERTH_/.test(name) && environment[name] !== '');
        const set = SETTING_NAMES.filter((name) => given.includes(name));
        const unknown = given.filter((name) => !SETTING_NAMES.includes(name) && !OTHERS.test(name)).sort();
        // A check that looked at nothing must not pass: the variables stand in another shell, or sudo dropped them.
        if (set.length === 0 && unknown.length === 0) {
          throw new Failure(
            'usage',
            'No setting is given here',
            'Run it where the BERTH_ variables of the service are set',
          );
        }
        const problems = problemsOf(environment, service);
        const isGood = problems.length === 0;
        out.show({ ok: isGood, service, checked: set, problems, unknown }, () =>
          [
            ...(isGood
              ? [`The settings are good for ${service}: ${set.join(', ') || 'none but defaults'}.`]
              : problems),
            ...unknown.map((name) => `${name} is no setting of Berth, and does nothing${meant(name)}`),
          ].join('\n'),
        );
        if (!isGood) throw new Failure('failed', `${service} would not start: ${problems.length} to mend`);
      }),
    );
}

/** One line a problem, beginning with the variable's name; without any value. */
function problemsOf(environment: NodeJS.ProcessEnv, service: Part): string[] {
  try {
    readSettings(environment, service);
    return [];
  } catch (error) {
    if (error instanceof SettingsError) return error.problems;
    throw error;
  }
}

/** `; BERTH_LISTEN is meant?` for a slip of a letter or two. */
function meant(name: string): string {
  const near = SETTING_NAMES.find((known) => distance(known, name) <= 2);
  return near === undefined ? '' : `; is ${near} meant?`;
}

/** Levenshtein's. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const swapped = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(swapped, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
