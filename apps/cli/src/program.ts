import { Command, Option } from 'commander';
import { Commands } from './command.js';
import { addAudit } from './commands/audit.js';
import { addConfig } from './commands/config.js';
import { addDeletions } from './commands/deletions.js';
import { addGc } from './commands/gc.js';
import { addKeys } from './commands/keys.js';
import { addLogin } from './commands/login.js';
import { addMaintenance } from './commands/maintenance.js';
import { addOrganisations } from './commands/orgs.js';
import { addPackages } from './commands/packages.js';
import { addReconcile } from './commands/reconcile.js';
import { addRetention } from './commands/retention.js';
import { addScrub } from './commands/scrub.js';
import { addStorage } from './commands/storage.js';
import { addTokens } from './commands/tokens.js';
import { addTrust } from './commands/trust.js';
import { addUploads } from './commands/uploads.js';
import { addUsers } from './commands/users.js';
import type { Terminal } from './terminal.js';

/**
 * The whole command line. Errors of the command line are thrown, as commander's own, and end nothing by themselves; commander tells them
 * in words, unless whoever catches them `tells` them otherwise.
 */
export function createProgram(terminal: Terminal, version: string, tells = false): Command {
  const program = new Command('berth')
    .description('Operate a Berth registry from the command line')
    .version(version, '-V, --version', 'print the version of this program')
    .addOption(new Option('--host <host>', 'the Berth to ask, in place of BERTH_HOST and of the last login'))
    .option('--json', 'answer in JSON, for scripts')
    .configureHelp({ showGlobalOptions: true, sortSubcommands: false })
    .configureOutput({
      writeOut: (text) => terminal.stdout.write(text),
      writeErr: (text) => tells || terminal.stderr.write(text),
    })
    .exitOverride()
    .showSuggestionAfterError()
    .showHelpAfterError('Add --help to see what there is.');
  const commands = new Commands(terminal);
  for (const add of [
    addLogin,
    addUsers,
    addOrganisations,
    addTokens,
    addTrust,
    addPackages,
    addAudit,
    addGc,
    addStorage,
    addRetention,
    addReconcile,
    addScrub,
    addUploads,
    addDeletions,
    addKeys,
    addMaintenance,
    addConfig,
  ]) {
    add(program, commands);
  }
  program
    .command('version')
    .description('Print the version of this program')
    .action(commands.local(({ out }) => out.show({ version, node: process.versions.node }, () => version)));
  inheritSettings(program);
  return program;
}

/** Commands made by `command()` take these over only at that moment; each is to throw, and not to exit. */
function inheritSettings(command: Command): void {
  for (const child of command.commands) {
    child.copyInheritedSettings(command);
    inheritSettings(child);
  }
}
