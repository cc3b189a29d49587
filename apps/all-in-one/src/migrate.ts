import { join } from 'node:path';
import { readSettings } from '#config';
import { applyMigrations } from '#database';
import { DataDirectory } from './data-directory.js';
import { EmbeddedPostgres } from './embedded-postgres.js';

/** `npm run migrate`: brings the database up to date and exits. */
const settings = readSettings(process.env);
const directory = settings.BERTH_DATABASE_URL ? undefined : DataDirectory.open(settings.BERTH_DATA_DIR);
const postgres = directory && new EmbeddedPostgres(directory.path);
try {
  const url = settings.BERTH_DATABASE_URL ?? (await postgres?.start()) ?? '';
  const applied = await applyMigrations(url, join(import.meta.dirname, '../../../../prisma/migrations'));
  process.stderr.write(applied.length > 0 ? `applied ${applied.join(', ')}\n` : 'the database is up to date\n');
} finally {
  await postgres?.stop();
  directory?.close();
}
