import { type Command, InvalidArgumentError, Option } from 'commander';
import { AdminApi } from './api/admin-api.js';
import { AdminHttp } from './api/http.js';
import { credentialsFile, readCredentials } from './credentials.js';
import { Failure } from './failure.js';
import { parseHost, parseToken } from './host.js';
import { Output } from './output/output.js';
import type { Terminal } from './terminal.js';

/** What a command works with: what the command line said, and where the answer goes. */
export interface Work<O> {
  /** Arguments in order; one that takes several is an array. */
  args: string[];
  options: O & { host?: string; json?: boolean };
  out: Output;
  terminal: Terminal;
}

/** The same, with a Berth to ask. */
export type ApiWork<O> = Work<O> & { api: AdminApi };

/** Binds what commands do to the command line. */
export class Commands {
  constructor(private readonly terminal: Terminal) {}

  /** A command that asks no Berth. */
  local<O extends object>(work: (work: Work<O>) => Promise<void> | void) {
    return async (...parameters: unknown[]): Promise<void> => {
      const command = parameters.at(-1) as Command;
      const options = command.optsWithGlobals<Work<O>['options']>();
      const out = new Output(this.terminal, options.json === true);
      await work({ args: command.processedArgs as string[], options, out, terminal: this.terminal });
    };
  }

  /** A command that asks the Berth of the login, or of --host and BERTH_HOST, BERTH_TOKEN. */
  remote<O extends object>(work: (work: ApiWork<O>) => Promise<void>) {
    return this.local<O>((given) => work({ ...given, api: this.connect(given.options.host) }));
  }

  private connect(host: string | undefined): AdminApi {
    const { environment } = this.terminal;
    const stored = readCredentials(credentialsFile(environment));
    const said = host ?? (environment.BERTH_HOST || undefined);
    const origin = said === undefined ? stored.current : parseHost(said);
    if (origin === undefined) {
      throw new Failure('login', 'No Berth is named', 'Log in (berth login HOST), or set BERTH_HOST and BERTH_TOKEN');
    }
    const token = environment.BERTH_TOKEN || stored.hosts[origin]?.token;
    if (!token) {
      throw new Failure('login', `There is no token for ${origin}`, `berth login ${origin}, or set BERTH_TOKEN`);
    }
    return new AdminApi(new AdminHttp(origin, parseToken(token)));
  }
}

/** `--limit` and `--after` of every list. */
export const listed = (command: Command): Command =>
  command
    .addOption(new Option('--limit <number>', 'how many to list at most').default(100).argParser(wholeNumber))
    .option('--after <key>', 'go on behind this one: `next` of the list before');

export interface ListOptions {
  limit: number;
  after?: string;
}

/** A whole number above zero. Errors: InvalidArgumentError, which commander tells with the option's name. */
export function wholeNumber(text: string): number {
  if (/^[1-9][0-9]{0,8}$/.test(text)) return Number(text);
  throw new InvalidArgumentError('It must be a whole number, 1 or more.');
}

/** An id of a token, a run, … */
export function id(text: string): string {
  if (/^[1-9][0-9]{0,17}$/.test(text)) return text;
  throw new InvalidArgumentError('It must be a number.');
}

/** A day or a time, as Berth reads them; it would take no notice of anything else. */
export function instant(text: string): string {
  const isTime = /^\d{4}-\d\d-\d\d(?:T\d\d:\d\d(?::\d\d(?:\.\d+)?)?Z)?$/.test(text);
  if (isTime && !Number.isNaN(Date.parse(text))) return text;
  throw new InvalidArgumentError('It must be a day or a time in UTC: 2027-01-31, 2027-01-31T12:00:00Z.');
}

/** For options that may be given several times. */
export const several = (text: string, before: string[] | undefined): string[] => [...(before ?? []), text];
