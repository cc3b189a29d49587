import type { Command } from 'commander';
import { AdminApi } from '../api/admin-api.js';
import { AdminHttp } from '../api/http.js';
import type { Commands } from '../command.js';
import { credentialsFile, readCredentials, writeCredentials } from '../credentials.js';
import { Failure } from '../failure.js';
import { isOpen, parseHost, parseToken } from '../host.js';
import { readSecret } from '../prompt.js';

const DEFAULT_HOST = '127.0.0.1:5000';

export function addLogin(program: Command, commands: Commands): void {
  program
    .command('login')
    .description('Keep a token for a Berth, after trying it. The token is asked for, or read from stdin')
    .argument('[host]', `HOST[:PORT] or https://HOST[:PORT]; else --host, BERTH_HOST, ${DEFAULT_HOST}`)
    .action(
      commands.local(async ({ args: [host], options, out, terminal }) => {
        const { environment } = terminal;
        const origin = parseHost(host ?? options.host ?? (environment.BERTH_HOST || DEFAULT_HOST));
        if (isOpen(origin)) out.note(`Warning: the token travels to ${origin} in the open. Use https.`);
        const token = parseToken(await readSecret(`Token of an operator at ${origin}`, terminal));
        const { login } = await new AdminApi(new AdminHttp(origin, token)).me();
        const file = credentialsFile(environment);
        const { hosts } = readCredentials(file);
        writeCredentials(file, { current: origin, hosts: { ...hosts, [origin]: { token } } });
        if (environment.BERTH_TOKEN) out.note('BERTH_TOKEN is set, and goes before what was kept now.');
        out.show({ host: origin, login }, () => `Logged in to ${origin} as ${login}.`);
      }),
    );

  program
    .command('logout')
    .description('Forget the token of a Berth. It stays valid: end it with berth tokens revoke')
    .argument('[host]', 'the Berth of the last login unless said')
    .action(
      commands.local(({ args: [host], options, out, terminal }) => {
        const file = credentialsFile(terminal.environment);
        const { current, hosts } = readCredentials(file);
        const said = host ?? options.host;
        const origin = said === undefined ? current : parseHost(said);
        if (origin === undefined || !hosts[origin]) throw new Failure('missing', 'There is no token to forget');
        const { [origin]: _, ...rest } = hosts;
        writeCredentials(file, { current: current === origin ? Object.keys(rest)[0] : current, hosts: rest });
        out.show({ host: origin }, () => `The token of ${origin} is forgotten.`);
      }),
    );
}
