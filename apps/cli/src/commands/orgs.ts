import { type Command, Option } from 'commander';
import { readPages } from '../api/pages.js';
import { type Commands, type ListOptions, listed } from '../command.js';
import { number, time } from '../output/words.js';

export function addOrganisations(program: Command, commands: Commands): void {
  const orgs = program.command('orgs').description('Organisations and their members');

  listed(orgs.command('list'))
    .description('List organisations by name')
    .action(
      commands.remote<ListOptions>(async ({ api, options, out }) => {
        const answer = await readPages('orgs', api.organisations, options, ({ login }) => login.toLowerCase());
        out.show(answer, () => ({
          columns: ['NAME', 'OWNERS', 'MEMBERS', 'SIGN-ON', 'SINCE'],
          rows: answer.orgs.map((org) => [
            org.login,
            number(org.owners),
            number(org.members),
            org.requires_sign_on ? 'required' : '-',
            time(org.created_at),
          ]),
        }));
      }),
    );

  orgs
    .command('create')
    .description('Make an organisation')
    .argument('<org>')
    .action(
      commands.remote(async ({ api, args: [org = ''], out }) => {
        const made = await api.createOrganisation(org);
        out.show(
          made,
          () => `Organisation ${made.login} is made. Next: berth orgs add ${made.login} LOGIN --role owner`,
        );
      }),
    );

  listed(orgs.command('members'))
    .description('List members of an organisation by login')
    .argument('<org>')
    .action(
      commands.remote<ListOptions>(async ({ api, args: [org = ''], options, out }) => {
        const read = (after?: string) => api.members(org, after);
        const answer = await readPages('members', read, options, ({ login }) => login.toLowerCase());
        out.show(answer, () => ({
          columns: ['LOGIN', 'ROLE'],
          rows: answer.members.map(({ login, role }) => [login, role]),
        }));
      }),
    );

  orgs
    .command('add')
    .description('Make a user member or owner of an organisation')
    .argument('<org>')
    .argument('<login>')
    .addOption(new Option('--role <role>', 'what the user is there').choices(['member', 'owner']).default('member'))
    .action(
      commands.remote<{ role: string }>(async ({ api, args: [org = '', login = ''], options, out }) => {
        const member = await api.setMember(org, login, options.role);
        out.show(member, () => `${member.login} is ${member.role} of ${org}.`);
      }),
    );

  orgs
    .command('remove')
    .description('Take a user out of an organisation, with every role there')
    .argument('<org>')
    .argument('<login>')
    .action(
      commands.remote(async ({ api, args: [org = '', login = ''], out }) => {
        await api.removeMember(org, login);
        out.show({ login, removed: true }, () => `${login} is no member of ${org} any more.`);
      }),
    );
}
