import { accessSync, constants } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';

/** Where .ci/install-clients puts what it builds. */
const BUILT =
  process.env.BERTH_CLIENTS ?? join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'berth-clients');

/** The distribution's programs come before others in PATH: its docker and dockerd fit each other. */
const FOLDERS = [BUILT, '/usr/bin', '/usr/sbin', ...(process.env.PATH ?? '').split(delimiter)];

export function find(program: string): string | undefined {
  return FOLDERS.map((folder) => join(folder, program)).find(isExecutable);
}

/** Why tests that drive these programs cannot run here; undefined where they can. */
export function whatIsMissing(programs: readonly string[]): string | undefined {
  const absent = programs.filter((program) => !find(program));
  if (absent.length > 0) return `install ${absent.join(', ')}: run .ci/install-clients, or put it in PATH`;
  const daemon = programs.find((program) => NEED_ROOT.has(program));
  if (daemon && process.getuid?.() !== 0) return `${daemon} must be started by root`;
  return undefined;
}

const NEED_ROOT = new Set(['dockerd', 'buildkitd', 'containerd', 'podman', 'mmdebstrap']);

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
