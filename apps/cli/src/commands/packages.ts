import { Argument, type Command } from 'commander';
import type { Commands } from '../command.js';
import { Failure } from '../failure.js';

/** `acme/team/app` is `team/app` of `acme`. */
function packageOf(text: string): { owner: string; name: string } {
  const slash = text.indexOf('/');
  if (slash <= 0 || slash === text.length - 1) throw new Failure('usage', 'The package must be OWNER/NAME');
  return { owner: text.slice(0, slash), name: text.slice(slash + 1) };
}

export function addPackages(program: Command, commands: Commands): void {
  const packages = program.command('packages').description('Packages, as operators change them');

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
}
