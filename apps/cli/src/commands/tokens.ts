import { type Command, Option } from 'commander';
import type { NewTokenAnswer, TokenAnswer } from '#contracts';
import { readPages } from '../api/pages.js';
import { type Commands, id, type ListOptions, listed, several, wholeNumber } from '../command.js';
import { Failure } from '../failure.js';
import { facts } from '../output/output.js';
import { time } from '../output/words.js';

const SCOPES = ['read:packages', 'write:packages', 'delete:packages', 'admin:org', 'admin:registry'];

interface Bounds {
  org?: string;
  package?: string[];
}

const bounded = (command: Command): Command =>
  command
    .option('--org <name>', 'the only organisation, or user, that it acts in')
    .option('--package <owner/name>', 'the only package that it acts on; may be given several times', several);

export function addTokens(program: Command, commands: Commands): void {
  const tokens = program.command('tokens').description('Access tokens of users');

  listed(tokens.command('list'))
    .description('List the live tokens of a user')
    .argument('<login>')
    .action(
      commands.remote<ListOptions>(async ({ api, args: [login = ''], options, out }) => {
        const read = (after?: string) => api.tokens(login, after);
        const answer = await readPages('tokens', read, options, (token) => String(token.id));
        out.show(answer, () => ({
          columns: ['ID', 'NAME', 'SCOPES', 'ACTS IN', 'ENDS', 'LAST USED'],
          rows: answer.tokens.map((token) => [
            String(token.id),
            token.name,
            token.scopes.join(','),
            boundsOf(token),
            time(token.expires_at),
            time(token.last_used_at),
          ]),
        }));
      }),
    );

  bounded(tokens.command('create'))
    .description('Make a token for a user; it is shown this once, alone on stdout')
    .argument('<login>')
    .requiredOption('--name <text>', 'what it is for')
    .addOption(
      new Option('--scope <scope>', `what it is good for; may be given several times (${SCOPES.join(', ')})`)
        .argParser(several)
        .makeOptionMandatory(),
    )
    .option('--expires-in-days <number>', 'days until it ends; else it does not', wholeNumber)
    .option('--no-count-pulls', 'what it pulls is no download: for scanners and health checks')
    .action(
      commands.remote<{ name: string; scope: string[]; expiresInDays?: number; countPulls: boolean } & Bounds>(
        async ({ api, args: [login = ''], options, out }) => {
          const token = await api.createToken(login, {
            name: options.name,
            scopes: options.scope,
            expires_in_days: options.expiresInDays,
            organization: options.org,
            packages: options.package,
            counts_pulls: options.countPulls,
          });
          out.show(token, () => shown(token, out));
        },
      ),
    );

  tokens
    .command('rotate')
    .description('End a token and make another like it; that one is shown this once, alone on stdout')
    .argument('<login>')
    .argument('<id>', 'of berth tokens list', id)
    .action(
      commands.remote(async ({ api, args: [login = '', token = ''], out }) => {
        const made = await api.rotateToken(login, token);
        out.show(made, () => shown(made, out));
      }),
    );

  bounded(tokens.command('confine'))
    .description('Confine a token to an organisation or to packages, in place of what bounds it now')
    .argument('<login>')
    .argument('<id>', 'of berth tokens list', id)
    .option('--nothing', 'take its bounds away')
    .action(
      commands.remote<Bounds & { nothing?: boolean }>(async ({ api, args: [login = '', token = ''], options, out }) => {
        const { org, package: packages, nothing } = options;
        if ((nothing === true) === (org !== undefined || packages !== undefined)) {
          throw new Failure('usage', 'Say --org, --package or both; or --nothing to take the bounds away');
        }
        const confined = await api.confineToken(login, token, { organization: org, packages });
        out.show(confined, () => facts({ token: String(confined.id), 'acts in': boundsOf(confined) }));
      }),
    );

  tokens
    .command('revoke')
    .description('End a token at once')
    .argument('<login>')
    .argument('<id>', 'of berth tokens list', id)
    .action(
      commands.remote(async ({ api, args: [login = '', token = ''], out }) => {
        await api.revokeToken(login, token);
        out.show({ id: Number(token), revoked: true }, () => `Token ${token} of ${login} has ended.`);
      }),
    );
}

/** The token alone is the answer: a pipe can take it. */
function shown({ id, expires_at, token }: NewTokenAnswer, out: { note(text: string): void }): string {
  out.note(`Token ${id}, shown this once. It ends: ${expires_at === null ? 'never' : time(expires_at)}.`);
  return token;
}

const boundsOf = ({ organization, packages }: TokenAnswer): string =>
  [...(organization ? [organization] : []), ...(packages ?? [])].join(', ') || 'everywhere';
