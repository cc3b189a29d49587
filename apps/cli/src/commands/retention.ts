import { readFileSync } from 'node:fs';
import { type Command, Option } from 'commander';
import { readPages } from '../api/pages.js';
import { type Commands, type ListOptions, listed } from '../command.js';
import { Failure } from '../failure.js';
import { time } from '../output/words.js';
import { packageOf } from '../package-name.js';

export function addRetention(program: Command, commands: Commands): void {
  const retention = program.command('retention').description('Retention policies: which tags they take away');

  listed(retention.command('preview'))
    .description('Tell what a policy would do to each tag of a package, and why; nothing changes')
    .argument('<owner/name>')
    .option('--policy <file>', 'JSON of the policy to try, in place of the one that counts for the package')
    .addOption(new Option('--only <which>', 'only these').choices(['removed', 'kept']))
    .action(
      commands.remote<ListOptions & { only?: string; policy?: string }>(
        async ({ api, args: [text = ''], options, out }) => {
          const { owner, name } = packageOf(text);
          const { policy: file, only } = options;
          const policy = file === undefined ? undefined : readPolicy(file);
          const read = (after?: string) =>
            policy === undefined
              ? api.previewRetention(owner, name, only, after)
              : api.tryRetention(owner, name, policy, only, after);
          const answer = await readPages('tags', read, options);
          out.show(answer, () => ({
            columns: ['TAG', 'DECISION', 'PUSHED', 'LAST PULLED', 'WHY'],
            rows: answer.tags.map((tag) => [
              tag.name,
              tag.decision,
              time(tag.pushed_at),
              time(tag.pulled_at),
              tag.reasons.join('; '),
            ]),
            none: 'The package has no such tags.',
          }));
        },
      ),
    );
}

/** Errors: Failure. */
function readPolicy(file: string): unknown {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new Failure('usage', code ? `${file} cannot be read: ${code}` : `${file} holds no JSON`);
  }
}
