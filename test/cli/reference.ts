import type { Argument, Command, Option } from 'commander';
import { createProgram } from '../../apps/cli/src/program.js';

/** The part of docs/cli.md that lists every command, as the program itself describes them. */
export function reference(): string {
  const { stdin, stdout, stderr } = process;
  const program = createProgram({ environment: {}, stdin, stdout, stderr }, '0.0.0');
  const nouns = program.commands.filter(({ commands }) => commands.length > 0);
  const alone = program.commands.filter(({ commands }) => commands.length === 0);
  const sections = [
    `| command | does |\n|---|---|\n${alone.map((command) => row(command, 'berth')).join('\n')}`,
    ...nouns.map(
      (noun) =>
        `### berth ${noun.name()}\n\n${noun.description()}.\n\n| command | does |\n|---|---|\n` +
        noun.commands.map((command) => row(command, `berth ${noun.name()}`)).join('\n'),
    ),
  ];
  return `${sections.join('\n\n')}\n`;
}

function row(command: Command, before: string): string {
  const given = command.registeredArguments;
  const names = given.map((argument) => (argument.required ? `<${nameOf(argument)}>` : `[${nameOf(argument)}]`));
  const told = [
    `${command.description()}.`,
    ...given
      .map((argument) => ({ name: nameOf(argument), says: says(argument.description, choices(argument.argChoices)) }))
      .filter(({ says }) => says !== '')
      .map(({ name, says }) => `\`${name}\`: ${says}.`),
    ...command.options.map(optionText),
  ];
  const title = [before, command.name(), ...names].join(' ');
  return `| \`${title}\` | ${told.join('<br>').replaceAll('|', '\\|')} |`;
}

const optionText = (option: Option): string => {
  const fallback = option.defaultValue === undefined ? '' : `${option.defaultValue} unless said`;
  const must = option.mandatory ? 'must be said' : '';
  return `\`${option.flags}\`: ${says(option.description, choices(option.argChoices), fallback, must)}.`;
};

const says = (...parts: string[]): string => parts.filter(Boolean).join('; ');
const choices = (values: string[] | undefined): string => values?.join(', ') ?? '';
const nameOf = (argument: Argument): string => argument.name().replace(/^[<[]|[>\]]$/g, '');
