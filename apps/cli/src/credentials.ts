import { randomBytes } from 'node:crypto';
import { chmodSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { Failure } from './failure.js';

/** Tokens by the origin that they are for, and the origin of the last login. */
export interface Credentials {
  current?: string | undefined;
  hosts: Record<string, { token: string }>;
}

/** `credentials.json` in the folder for settings of the user: XDG_CONFIG_HOME, APPDATA on Windows, else ~/.config. */
export function credentialsFile(environment: NodeJS.ProcessEnv): string {
  const { XDG_CONFIG_HOME, APPDATA } = environment;
  const folder = XDG_CONFIG_HOME || (process.platform === 'win32' && APPDATA) || join(homedir(), '.config');
  return join(folder, 'berth', 'credentials.json');
}

/** Nothing where there is no file. Errors: Failure for one that cannot be read; nothing of it is told. */
export function readCredentials(file: string): Credentials {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return { hosts: {} };
    throw new Failure('failed', `${file} cannot be read: ${(error as NodeJS.ErrnoException).code}`);
  }
  try {
    const { current, hosts } = JSON.parse(text) as Credentials;
    return { current, hosts: Object.fromEntries(Object.entries(hosts).filter(([, { token }]) => token)) };
  } catch {
    throw new Failure('failed', `${file} is not what berth wrote`, 'Delete it, and log in again: berth login');
  }
}

/** Whole or not at all, for its owner's eyes only. No file stays when there is no token left. */
export function writeCredentials(file: string, credentials: Credentials): void {
  if (Object.keys(credentials.hosts).length === 0) {
    rmSync(file, { force: true });
    return;
  }
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  const fresh = `${file}.${randomBytes(4).toString('hex')}`;
  writeFileSync(fresh, `${JSON.stringify(credentials, undefined, 2)}\n`, { mode: 0o600, flag: 'wx' });
  chmodSync(fresh, 0o600); // whatever the umask
  renameSync(fresh, file);
}
