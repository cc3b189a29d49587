import { Argument, type Command } from 'commander';
import type { Commands } from '../command.js';
import { packageOf } from '../package-name.js';

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
