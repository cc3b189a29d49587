import type { Command } from 'commander';
import type { UserAnswer } from '#contracts';
import { readPages } from '../api/pages.js';
import { type Commands, type ListOptions, listed } from '../command.js';
import { facts } from '../output/output.js';
import { number, time } from '../output/words.js';

export function addUsers(program: Command, commands: Commands): void {
  const users = program.command('users').description('Users, as operators make and suspend them');

  listed(users.command('list'))
    .description('List users by login')
    .action(
      commands.remote<ListOptions>(async ({ api, options, out }) => {
        const answer = await readPages('users', api.users, options, ({ login }) => login.toLowerCase());
        out.show(answer, () => ({
          columns: ['LOGIN', 'STATE', 'TOKENS', 'ORGANISATIONS', 'SINCE'],
          rows: answer.users.map((user) => [
            user.login,
            stateOf(user),
            number(user.tokens),
            user.organisations.map(({ login }) => login).join(', ') || '-',
            time(user.created_at),
          ]),
        }));
      }),
    );

  users
    .command('show')
    .description('Show a user')
    .argument('<login>')
    .action(
      commands.remote(async ({ api, args: [login = ''], out }) => {
        const user = await api.user(login);
        out.show(user, () =>
          facts({
            login: user.login,
            state: stateOf(user),
            tokens: number(user.tokens),
            organisations: user.organisations.map(({ login, role }) => `${login} (${role})`).join(', ') || '-',
            since: time(user.created_at),
          }),
        );
      }),
    );

  users
    .command('create')
    .description('Make a user')
    .argument('<login>')
    .action(
      commands.remote(async ({ api, args: [login = ''], out }) => {
        const made = await api.createUser(login);
        out.show(made, () => `User ${made.login} is made. Next: berth tokens create ${made.login}`);
      }),
    );

  for (const [verb, isDisabled, description] of [
    ['disable', true, 'Suspend a user: tokens, sessions and sign-ons do nothing, at once'],
    ['enable', false, 'Let a suspended user in again'],
  ] as const) {
    users
      .command(verb)
      .description(description)
      .argument('<login>')
      .action(
        commands.remote(async ({ api, args: [login = ''], out }) => {
          const changed = await api.setDisabled(login, isDisabled);
          out.show(changed, () => `User ${changed.login} is ${isDisabled ? 'suspended' : 'let in'}.`);
        }),
      );
  }

  users
    .command('link')
    .description('Say whose account a person of the OpenID provider has')
    .argument('<login>')
    .requiredOption('--issuer <url>', 'the provider’s issuer')
    .requiredOption('--subject <text>', 'the person’s subject there')
    .action(
      commands.remote<{ issuer: string; subject: string }>(async ({ api, args: [login = ''], options, out }) => {
        const { issuer, subject } = options;
        await api.link(login, issuer, subject);
        out.show({ login, issuer, subject }, () => `That person is ${login}.`);
      }),
    );
}

const stateOf = ({ disabled }: UserAnswer) => (disabled ? 'suspended' : 'active');
