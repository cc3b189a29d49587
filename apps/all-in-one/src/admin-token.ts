import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createAccessToken } from '#auth';

export interface AdminToken {
  token: string;
  /** Made at this start: to be shown once. */
  isNew: boolean;
  file: string;
}

/** The first administrator's token: the operator's own, or one made at first start and kept for the owner's eyes only. */
export function readAdminToken(dataDirectory: string, given: string | undefined): AdminToken {
  const file = join(dataDirectory, 'admin-token');
  if (given) return { token: given, isNew: false, file };
  if (existsSync(file)) return { token: readFileSync(file, 'utf8').trim(), isNew: false, file };
  const token = createAccessToken();
  writeFileSync(file, `${token}\n`, { mode: 0o600, flag: 'wx' });
  return { token, isNew: true, file };
}
